import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Collection, Readiness, Shared } from '../contract/collection.js';
import type { PreparedSearch } from '../contract/search.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';
import { checkIds, checkSpec } from '../kit/check.js';
import { requireCount } from '../kit/load.js';
import { askUntil } from '../kit/poll.js';
import { idAt } from '../kit/vectors.js';
import { Build, loadCollection } from './build.js';
import { ask, command, type IndexDescription } from './client.js';
import { columnsOf, idColumn, partColumn, TENANT } from './fields.js';
import { insertBatch } from './insert.js';
import { descriptionOf, type Layout, layoutOf, partsOf } from './layout.js';
import { MilvusPoints } from './points.js';
import { prepareSearch } from './search.js';
import type { MilvusSession } from './session.js';
import { dataTypeOf } from './vectors.js';
import { whyNotOn } from './versions.js';

const WAIT_MS = 120_000;
/** As many tenants as share a partition; the server's default of 64 would make as many segments. */
const PARTITIONS = 16;
/** The server's limit. */
const MAX_COLUMNS = 64;

/** Throws FailureError for a name that is there, and for what this version of the server lacks. */
export async function createCollection(session: MilvusSession, spec: CollectionSpec): Promise<Collection> {
  checkSpec(session.holder, spec);
  const { client } = session;
  const { name, vectors, fields: metadata, ids } = spec;
  const layout = layoutOf(name, spec);
  const build = new Build(client, layout);
  const fields = [
    idColumn(ids),
    ...vectors.map((field) => ({
      name: layout.columns.get(field.name)!,
      data_type: dataTypeOf(field),
      ...(field.kind === 'dense' && { dim: field.dimensions }),
    })),
    ...columnsOf(metadata),
    ...partsOf(spec).map(({ column }) => partColumn(column)),
  ];
  requireHeld(session, spec, fields.length);
  // The server answers a second creation with the same parameters with success.
  const { value: there } = await ask('create', client.hasCollection({ collection_name: name }));
  if (there) {
    throw new FailureError(`collection "${name}" is there already`, {
      where: 'milvus',
      next: 'choose another name, or open it',
    });
  }
  const options = {
    collection_name: name,
    description: descriptionOf(spec),
    fields,
    shards_num: 1,
    enable_dynamic_field: false,
    ...(partsOf(spec).some(({ column }) => column === TENANT) && { num_partitions: PARTITIONS }),
  };
  await command('create the collection', client.createCollection(options));
  const collection = new MilvusCollection(session, layout, build, 0);
  if (ids === 'u32') return collection;
  try {
    // Rows that are measured are indexed by `ready`; others are read before, which the server does with an index alone.
    await build.index(AbortSignal.timeout(WAIT_MS));
    return collection;
  } catch (error) {
    await collection.drop();
    throw error;
  }
}

/** What a connection is told of a collection of another one. */
interface Elsewhere {
  layout: Layout;
  loaded: number | undefined;
}

export function attachCollection(session: MilvusSession, shared: Shared): MilvusCollection {
  const { layout, loaded } = shared.collection as Elsewhere;
  const build = layout.own ? new Build(session.client, layout) : undefined;
  return new MilvusCollection(session, layout, build, loaded);
}

function requireHeld({ version }: MilvusSession, spec: CollectionSpec, columns: number): void {
  const reasons = whyNotOn(version, spec);
  if (columns > MAX_COLUMNS)
    reasons.push(`it would take ${columns} columns of ${MAX_COLUMNS}: a nullable field takes two`);
  for (const { name, kind, type, dimensions, metric } of spec.vectors) {
    if (kind === 'sparse' && metric !== 'dot' && metric !== null)
      reasons.push(`vector "${name}" is sparse and has the metric ${metric}; sparse ones have dot`);
    if (kind === 'dense' && metric === null) reasons.push(`vector "${name}" needs a metric`);
    if (type !== 'bit' || kind === 'sparse') continue;
    if (dimensions % 8 !== 0)
      reasons.push(`vector "${name}" has ${dimensions} bits, which are no whole bytes`);
    if (metric !== 'hamming' && metric !== 'jaccard')
      reasons.push(`vector "${name}" is of bits, which have the metrics hamming and jaccard`);
  }
  if (reasons.length > 0) throw new FailureError(reasons.join('; '), { where: 'milvus' });
}

export class MilvusCollection implements Collection {
  readonly name: string;
  readonly points: MilvusPoints;
  readonly #session: MilvusSession;
  readonly #layout: Layout;
  /** Undefined: a collection of others, whose indexes are its own. */
  readonly #build: Build | undefined;
  /** Points that were loaded; undefined: others were, or may have been, written beside them. */
  #loaded: number | undefined;
  #serving: Promise<void> | undefined;
  /** Nothing was written here since `ready`. */
  #untouched = false;

  constructor(session: MilvusSession, layout: Layout, build?: Build, loaded?: number) {
    this.name = layout.name;
    this.#session = session;
    this.#layout = layout;
    this.#build = build;
    this.#loaded = loaded;
    this.points = new MilvusPoints(session, layout, {
      serve: () => this.#serve(),
      written: () => {
        this.#loaded = undefined;
        this.#untouched = false;
      },
      count: () => this.count(),
    });
  }

  async load(batch: LoadBatch, signal: AbortSignal): Promise<void> {
    const { client, holder } = this.#session;
    this.#untouched = false;
    if (!(batch.ids instanceof Uint32Array)) {
      const ids = Array.from({ length: batch.count }, (_, row) => idAt(batch.ids, row));
      checkIds(holder, this.#layout.ids, ids);
    }
    await insertBatch({ client, layout: this.#layout, method: 'Insert' }, batch, signal);
    if (this.#loaded !== undefined) this.#loaded += batch.count;
  }

  /** Seals what was inserted, builds the index, loads it; each step is asked for until the server says it is done. */
  async ready(signal: AbortSignal): Promise<Readiness> {
    signal.throwIfAborted();
    const build = this.#build;
    if (build === undefined) return this.#asItIs();
    const found = this.#untouched ? await this.#found(build) : undefined;
    if (found !== undefined) return found;
    await build.flush(signal);
    await build.index(signal);
    const index = await askUntil(() => build.indexed(this.#loaded), signal);
    await loadCollection(this.#session.client, this.name, signal);
    this.#serving = Promise.resolve();
    const rows = this.#loaded ?? (await this.count());
    const segments = await askUntil(() => build.served(rows), signal);
    const count = await this.count();
    if (this.#loaded !== undefined) requireCount('milvus', count, this.#loaded);
    this.#untouched = true;
    return this.#readiness(build, count, index, segments.length);
  }

  /** What an earlier `ready` reached, unless another connection has written meanwhile. */
  async #found(build: Build): Promise<Readiness | undefined> {
    const count = await this.count();
    const index = await build.indexed(this.#loaded);
    const segments = index && (await build.served(count));
    return segments && this.#readiness(build, count, index, segments.length);
  }

  #readiness(build: Build, count: number, index: IndexDescription, segments: number): Readiness {
    const { kind, payloadIndexes } = build;
    return {
      count,
      // Rows that were replaced or deleted stay in the index until the server compacts it.
      indexed: this.#layout.index['type'] === 'flat' ? null : Math.min(count, Number(index.indexed_rows)),
      details: {
        ...kind.chosen,
        indexType: kind.type,
        segments,
        ...(payloadIndexes.length > 0 && { payloadIndexes: payloadIndexes.length }),
      },
    };
  }

  /** Nothing of others' collections is flushed or built. */
  async #asItIs(): Promise<Readiness> {
    const count = await this.count();
    return { count, indexed: null, details: { indexType: String(this.#layout.index['type']) } };
  }

  /** Without being in the memory of the query node, a collection cannot even be counted. Its data stay as they are. */
  #serve(): Promise<void> {
    this.#serving ??= this.#bringUp().catch((error: unknown) => {
      this.#serving = undefined;
      throw error;
    });
    return this.#serving;
  }

  async #bringUp(): Promise<void> {
    const signal = AbortSignal.timeout(WAIT_MS);
    await this.#build?.index(signal);
    await loadCollection(this.#session.client, this.name, signal);
  }

  async prepare(search: ParameterSet, k: number, vector?: string): Promise<PreparedSearch> {
    const isBuilt = this.#loaded !== undefined;
    if (isBuilt && (await this.#build!.served(this.#loaded!)) === undefined) {
      throw new FailureError('points are not sealed: ready() has to be called first', { where: 'milvus' });
    }
    await this.#serve();
    return prepareSearch(this.#session.client, this.#layout, search, k, vector, isBuilt);
  }

  settled(points: number): void {
    if (this.#build !== undefined) this.#loaded = points;
  }

  async share(): Promise<Shared> {
    return { collection: { layout: this.#layout, loaded: this.#loaded } satisfies Elsewhere };
  }

  async count(): Promise<number> {
    await this.#serve();
    const asked = this.#session.client.count({ ...this.#about, consistency_level: 'Strong' });
    return (await ask('count', asked)).data;
  }

  /** The server does not tell a client how large an index is; see the size of its data volume. */
  async indexBytes(): Promise<undefined> {
    return undefined;
  }

  async drop(): Promise<void> {
    if (!this.#layout.own) {
      throw new FailureError(`collection "${this.name}" was not made by vecproof, and is not dropped`, {
        where: 'milvus',
      });
    }
    await command('drop the collection', this.#session.client.dropCollection(this.#about));
  }

  get #about(): { collection_name: string } {
    return { collection_name: this.name };
  }
}
