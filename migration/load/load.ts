import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FailureError, InputError } from '../../common/errors.js';
import { faultText, placeFault } from '../../common/faults.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import type { Collection, Readiness } from '../../engines/contract/collection.js';
import type { ConnectedEngine, EngineDefinition } from '../../engines/contract/engine.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Point, Points } from '../../engines/contract/points.js';
import type { CollectionSpec } from '../../engines/contract/spec.js';
import { flatten } from '../../engines/kit/check.js';
import { whyNotHeld } from '../../engines/kit/holds.js';
import { vectorIn, whyNotVectorValue } from '../../engines/kit/vectors.js';
import { engineNames, loadEngine } from '../../engines/registry.js';
import { parseAddress } from '../connections/address.js';
import { reach, type Surroundings } from '../connections/reach.js';
import { idType } from '../export/canonical.js';
import { nearFields } from '../export/near.js';
import { type OpenExport, openExport } from '../export/reader.js';
import { lockFolder } from '../export/state.js';
import { idsOf } from '../mapping/ids.js';
import { observe, openLosses } from '../mapping/map.js';
import { type Loss, type Mapping, readMapping } from '../mapping/mapping.js';
import { typedText } from '../mapping/typed-id.js';
import { applyMapping } from './apply.js';
import { specOf } from './spec.js';
import { findLoad, type LoadState, type Reject, saveLoad } from './state.js';
import { type BatchTarget, type Row, sizeOf, writeBatch } from './write-batch.js';

export interface LoadOptions extends Surroundings {
  /** Folder of an export. */
  source: string;
  mapping: string;
  /** Where the progress is kept, so that the same load goes on after a crash. */
  state: string;
  /** Most bytes and points of a batch. */
  batchBytes?: number | undefined;
  batchPoints?: number | undefined;
  onProgress?(done: number, total: number): void;
  onNotice?(message: string): void;
}

export type LoadResult =
  /** Nothing was written: somebody has to accept these losses, or to change the mapping. */
  | { state: 'undecided'; losses: readonly Loss[] }
  | {
      /** `incomplete`: points were rejected; the same load tries them again. */
      state: 'loaded' | 'incomplete';
      place: string;
      points: number;
      /** Points that accepted losses leave out: without a vector that the target needs, or with one that is not finite. */
      leftOut: number;
      rejects: readonly Reject[];
      readiness: Readiness;
    };

const BATCH_BYTES = 4 * 2 ** 20;
const BATCH_POINTS = 1000;

/**
 * Loads an export into a new collection by an accepted mapping. Every batch is read back before the cursor moves behind
 * it; nothing is ever written to a collection that this load has not made.
 *
 * @throws InputError for a mapping of another export, or a target that cannot hold what it asks for
 * @throws FailureError if the target fails, has such a collection already, or does not give back what was written
 */
export async function loadExport(options: LoadOptions): Promise<LoadResult> {
  const release = lockFolder(options.state);
  try {
    return await load(options);
  } finally {
    release();
  }
}

async function load(options: LoadOptions): Promise<LoadResult> {
  const source = openExport(options.source);
  const { mapping, hash } = readMapping(options.mapping);
  if (mapping.source.sum !== source.manifest.sum) {
    throw new InputError('the mapping is of another export: the sums differ', {
      where: options.mapping,
      got: mapping.source.sum,
      next: 'make the mapping again with "vecproof map"',
    });
  }
  const address = parseAddress(mapping.target.place, engineNames());
  const definition = await loadEngine(address.engine);
  const { capabilities } = definition;
  const observed = await observe(source, capabilities, { signal: options.signal });
  const losses = openLosses(mapping, source, observed, capabilities);
  if (losses.length > 0) return { state: 'undecided', losses };
  const spec = {
    ...specOf(mapping, address.collection!, source.shape.vectors),
    index: indexOf(definition, mapping),
  };
  const reasons = whyNotHeld(definition, spec);
  if (reasons.length > 0) throw new InputError(reasons.join('; '), { where: options.mapping });
  const what = { sum: mapping.source.sum, mapping: hash, place: mapping.target.place };
  const state = findLoad(options.state, what);
  const ids = {
    idOf: await idsOf(mapping, source.shape, dirname(options.mapping)),
    typed: (id: PointId) => typedText({ type: idType(source.shape, id), id }),
  };
  const target = await openTarget(definition, address, options);
  try {
    const { collection, state: now } = await collectionOf(target.connected, spec, what, state, options);
    const required = mapping.fields.filter((field) => field.required).map(({ from }) => from);
    const work = new Load(source, collection, definition, spec, now, options, required);
    return await work.run(
      applyMapping(mapping, source.shape.vectors, capabilities.metadata?.nested, ids),
      target.place,
    );
  } finally {
    await target.close();
  }
}

/** The mapping's index parameters, checked: people edit them. */
function indexOf(definition: EngineDefinition, { target }: Mapping): ParameterSet {
  const parsed = definition.parseOptions({ index: target.index, search: {} });
  if (parsed.state === 'ok') return parsed.index;
  const faults = parsed.issues.map((fault) => faultText(placeFault('target', fault)));
  throw new InputError(faults.join('; '), { where: 'mapping' });
}

interface OpenTarget {
  connected: ConnectedEngine;
  place: string;
  close(): Promise<void>;
}

async function openTarget(
  definition: EngineDefinition,
  address: ReturnType<typeof parseAddress>,
  options: LoadOptions,
): Promise<OpenTarget> {
  const folder = await mkdtemp(join(tmpdir(), 'vecproof-target-'));
  const closing: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  // Native engines leave temporary files behind when they build an index: they go where they are removed.
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = folder;
  closing.push(async () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });
  const close = async () => {
    while (closing.length > 0) await closing.pop()!();
  };
  try {
    const { connect, server, place } = await reach(definition, address, options, true);
    if (server !== undefined) closing.push(() => server.stop());
    const connected = await definition.connect({ ...connect, folder, threads: 1, seed: 0 }, options.signal);
    closing.push(() => connected.close());
    return { connected, place: `${place}#${address.collection}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The collection of this load: made now, or by an earlier attempt, which its mark shows. Any other is somebody else's:
 * `create` refuses it.
 */
async function collectionOf(
  connected: ConnectedEngine,
  spec: CollectionSpec,
  load: Pick<LoadState, 'sum' | 'mapping' | 'place'>,
  found: LoadState | undefined,
  { state: folder, onNotice }: LoadOptions,
): Promise<{ collection: Collection; state: LoadState }> {
  const state: LoadState = found ?? {
    version: 1,
    ...load,
    startedAt: new Date().toISOString(),
    madeBy: `load ${randomUUID()}`,
    collection: 'making',
    rows: 0,
    rejects: [],
    state: 'loading',
  };
  const made: LoadState = { ...state, collection: 'made' };
  const there = (await connected.list!()).includes(spec.name);
  if (found !== undefined && there) {
    const collection = await connected.open!(spec.name);
    if (await isOurs(collection, state)) {
      if (state.collection === 'making')
        onNotice?.(`continues with the collection "${spec.name}", made just before an interruption`);
      return { collection, state: made };
    }
  }
  if (state.collection === 'made') {
    throw new FailureError(
      there
        ? `the collection "${spec.name}" is not the one that this load has made`
        : `the collection "${spec.name}" that this load has made is gone`,
      { where: load.place, next: 'load again with another folder as --state' },
    );
  }
  if (found === undefined) saveLoad(folder, state);
  const collection = await connected.create({ ...spec, madeBy: state.madeBy });
  saveLoad(folder, made);
  return { collection, state: made };
}

/** By its mark; where the engine has no place for one, a collection that is empty or was known to be made. */
async function isOurs(collection: Collection, { collection: known, madeBy }: LoadState): Promise<boolean> {
  const { mark, count } = await collection.points!.describe();
  return mark === undefined ? known === 'made' || count === 0 : mark?.by === madeBy;
}

/** Accepted losses that concern a whole point; `openLosses` has stopped those that are not. */
function whyLeftOut(
  { points, metadata }: Capabilities,
  { vectors }: CollectionSpec,
  point: Point,
): string | undefined {
  for (const field of vectors) {
    const value = vectorIn(point.vectors, field.name);
    if (value === undefined && points!.vectors.absent === 'refused') return `no vector "${field.name}"`;
    if (value !== undefined && whyNotVectorValue(field, value)?.startsWith('holds') === true)
      return `vector "${field.name}" is not finite`;
  }
  const most = metadata?.maxTextBytes ?? Number.POSITIVE_INFINITY;
  const texts = [point.text, point.uri, ...Object.values(flatten(point.metadata)).flat()];
  if (texts.some((text) => typeof text === 'string' && Buffer.byteLength(text) > most))
    return `a text of more than ${most} bytes`;
  return undefined;
}

/** Nobody knows who may see such a point: the loss was accepted, and it stays out. */
function whyUnprotected(required: readonly string[], { metadata }: Point): string | undefined {
  if (required.length === 0) return undefined;
  const flat = flatten(metadata);
  const without = required.find((name) => !Object.hasOwn(flat, name) || flat[name] === null);
  return without === undefined ? undefined : `no value of the required field "${without}"`;
}

class Load {
  readonly #source: OpenExport;
  readonly #collection: Collection & { points: Points };
  readonly #definition: EngineDefinition;
  readonly #spec: CollectionSpec;
  readonly #options: LoadOptions;
  /** Fields of the source without a value of which a point is never loaded. */
  readonly #required: readonly string[];
  #state: LoadState;

  constructor(
    source: OpenExport,
    collection: Collection,
    definition: EngineDefinition,
    spec: CollectionSpec,
    state: LoadState,
    options: LoadOptions,
    required: readonly string[],
  ) {
    this.#required = required;
    this.#source = source;
    this.#collection = collection as Collection & { points: Points };
    this.#definition = definition;
    this.#spec = spec;
    this.#state = state;
    this.#options = options;
  }

  async run(apply: (point: Point) => Point, place: string): Promise<LoadResult> {
    const target = await this.#target();
    await this.#retryRejects(target, apply);
    const done = this.#state.rows;
    let row = 0;
    let leftOut = 0;
    let batch: Row[] = [];
    let bytes = 0;
    for await (const group of this.#source.points()) {
      for (const point of group) {
        row++;
        const mapped = apply(point);
        const why =
          whyUnprotected(this.#required, point) ??
          whyLeftOut(this.#definition.capabilities, this.#spec, mapped);
        if (why !== undefined) leftOut++;
        if (why !== undefined || row <= done) continue;
        const size = sizeOf(this.#spec.vectors, mapped);
        if (batch.length > 0 && !this.#fits(batch.length, bytes + size)) {
          await this.#write(target, batch);
          [batch, bytes] = [[], 0];
        }
        batch.push({ row: row - 1, point: mapped });
        bytes += size;
      }
    }
    if (batch.length > 0) await this.#write(target, batch);
    const readiness = await this.#collection.ready(this.#options.signal);
    const { rejects } = this.#state;
    const { exported } = this.#source.manifest.counts;
    const count = await this.#collection.count();
    const loaded = exported - leftOut - rejects.length;
    if (count !== loaded)
      throw new FailureError(`the target counts ${count} points, ${loaded} were loaded`, {
        where: place,
        next: 'compare with "vecproof verify": somebody else may have written to it',
      });
    const state = rejects.length === 0 ? 'loaded' : 'incomplete';
    if (state === 'loaded') this.#save({ state });
    return { state, place, points: count, leftOut, rejects, readiness };
  }

  #fits(points: number, bytes: number): boolean {
    const { batchBytes = BATCH_BYTES, batchPoints = BATCH_POINTS } = this.#options;
    return points < batchPoints && bytes <= batchBytes;
  }

  async #target(): Promise<BatchTarget> {
    const { capabilities } = this.#definition;
    const { points } = this.#collection;
    const { ids, vectors, fields } = this.#spec;
    return {
      points,
      shape: {
        ids: ids === 'u32' || ids === 'u64' ? 'integer' : ids,
        vectors,
        timestamps: new Set(fields.filter(({ type }) => type === 'timestamp').map(({ name }) => name)),
      },
      declared: fields.map(({ name }) => name),
      near: nearFields(vectors, capabilities.points!.vectors),
      absence: capabilities.metadata?.absence ?? 'kept',
      insertOnly: capabilities.points!.insertOnly,
    };
  }

  /** The cursor moves once the batch is acknowledged and was read back. */
  async #write(target: BatchTarget, batch: readonly Row[]): Promise<void> {
    this.#options.signal.throwIfAborted();
    const rejects = await writeBatch(target, batch, this.#options.signal);
    this.#save({ rows: batch.at(-1)!.row + 1, rejects: [...this.#state.rejects, ...rejects] });
    this.#options.onProgress?.(this.#state.rows, this.#source.manifest.counts.exported);
  }

  /** Rejects of an earlier attempt, one by one. */
  async #retryRejects(target: BatchTarget, apply: (point: Point) => Point): Promise<void> {
    const wanted = new Set(this.#state.rejects.map(({ row }) => row));
    if (wanted.size === 0) return;
    const still: Reject[] = [];
    let row = 0;
    for await (const group of this.#source.points()) {
      for (const point of group) {
        const at = row++;
        if (!wanted.has(at)) continue;
        still.push(...(await writeBatch(target, [{ row: at, point: apply(point) }], this.#options.signal)));
      }
    }
    this.#save({ rejects: still });
  }

  #save(change: Partial<LoadState>): void {
    this.#state = { ...this.#state, ...change };
    saveLoad(this.#options.state, this.#state);
  }
}
