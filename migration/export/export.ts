import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import { packageInfo } from '../../common/paths.js';
import type {
  ColumnPage,
  Consistency,
  Description,
  ScanOptions,
  ScanPage,
  Snapshot,
} from '../../engines/contract/points.js';
import type { OpenSource } from '../connections/open-source.js';
import { describedShape, type PointShape } from './canonical.js';
import { ColumnPart } from './column-part.js';
import { idColumnOf, type PartShape } from './columns.js';
import { type Encoders, encodersFor } from './encoders.js';
import { FieldTypes } from './field-types.js';
import { FORMAT, type Manifest, type Measured, VERSION, withMeasured, writeManifest } from './manifest.js';
import { describedVectors } from './manifest-vectors.js';
import { OpenPart } from './open-part.js';
import { Pace } from './pace.js';
import { partFile, requireFormat } from './part-files.js';
import { pointBytes, RowSum } from './row-hash.js';
import { clearParts, type ExportState, findState, lockFolder, removeState, saveState } from './state.js';
import { addTally, emptyTally } from './tally.js';
import type { PartFormat } from './written-part.js';

export interface ExportOptions {
  /** New, empty, or with a part of the same export. */
  folder: string;
  /** Points of a part: where an export that was interrupted goes on. */
  partRows?: number | undefined;
  /** Most points of a page that the source is asked for. */
  batchSize?: number | undefined;
  /** How points stand in the parts; Parquet by default. */
  format?: PartFormat | undefined;
  /**
   * Ranges of the source that are read at the same time, each with parts and a cursor of its own, where the source can
   * be cut; one if undefined. An export that goes on keeps the ranges it has.
   */
  workers?: number | undefined;
  /** Points in a second, of all ranges together; undefined: as fast as it goes. */
  rate?: number | undefined;
  /** How the source scores and filters, found by asking it once all points are there; absent: not asked. */
  measure?: ((manifest: Manifest) => Promise<Measured>) | undefined;
  signal: AbortSignal;
  onProgress?(done: number, total: number): void;
  /** Something that people should know. */
  onNotice?(message: string): void;
}

const PART_ROWS = 100_000;
const BATCH = 1000;

/**
 * Writes all points of a collection into a folder. Memory is bounded by a row group; what is finished is on disk before
 * the next part begins, so that the same command goes on after a crash.
 *
 * @throws InputError if the folder holds something else
 * @throws FailureError if the source fails or ends early, or the disk is full; what is finished stays
 */
export async function exportCollection(source: OpenSource, options: ExportOptions): Promise<Manifest> {
  const release = lockFolder(options.folder);
  try {
    return await exportInto(source, options);
  } finally {
    release();
  }
}

async function exportInto(source: OpenSource, options: ExportOptions): Promise<Manifest> {
  for (const note of source.notes ?? []) options.onNotice?.(note);
  const { points, name } = source.collection;
  const description = await points.describe();
  const where = { place: source.place, collection: `${name}${source.parameters ?? ''}` };
  const found = findState(options.folder, where);
  requireFormat(options.folder, found?.parts ?? [], options.format ?? 'parquet');
  const { snapshot, state } = await begin(source, found, { ...options, where, description });
  try {
    const work = new Export(source, description, state, options);
    await work.run(snapshot).finally(() => work.close());
    const { count } = await points.describe();
    const consistency = await settle(source, work, snapshot, options);
    const counted = work.manifest(consistency, count);
    requireCount(counted);
    const manifest = withMeasured(counted, await options.measure?.(counted));
    writeManifest(options.folder, manifest);
    removeState(options.folder);
    return manifest;
  } finally {
    await snapshot.close();
  }
}

/**
 * Opens the snapshot that the export goes on with. Where the old one is gone for good and the source was changed since,
 * points of two moments would be mixed: it begins again.
 */
async function begin(
  { collection, definition }: OpenSource,
  found: ExportState | undefined,
  {
    where,
    description,
    ...options
  }: ExportOptions & { where: ExportState['source']; description: Description },
): Promise<{ snapshot: Snapshot; state: ExportState }> {
  const { reopens } = definition.capabilities.points!.snapshot;
  if (found !== undefined && reopens && found.watermark !== null) {
    const snapshot = await collection.points.snapshot(found.watermark);
    return { snapshot, state: { ...found, interruptions: found.interruptions + 1 } };
  }
  const snapshot = await collection.points.snapshot();
  const fresh: ExportState = {
    source: where,
    startedAt: new Date().toISOString(),
    watermark: snapshot.watermark,
    interruptions: 0,
    before: description.count,
    streams: await streamsOf(snapshot, options.workers),
    parts: [],
    fields: new FieldTypes(description.fields).all(),
    tally: emptyTally(),
  };
  if (found === undefined) {
    // From now on the folder is known as one of an export.
    saveState(options.folder, fresh);
    return { snapshot, state: fresh };
  }
  const same = found.watermark !== null && found.watermark === snapshot.watermark;
  // Cursors of a whole scan go on in a later one, ranges where the source has no watermark.
  const goesOn =
    snapshot.consistency !== 'snapshot' && (found.streams.length === 1 || found.watermark === null);
  if (same || goesOn) return { snapshot, state: { ...found, interruptions: found.interruptions + 1 } };
  options.onNotice?.(
    `the snapshot of ${found.startedAt} is gone, and the source may have changed since: the export begins again`,
  );
  clearParts(options.folder, found);
  return { snapshot, state: { ...fresh, interruptions: found.interruptions + 1 } };
}

/** The ranges that are read at the same time; one without a range is the whole. */
async function streamsOf(snapshot: Snapshot, workers = 1): Promise<ExportState['streams']> {
  const ranges = workers > 1 ? await snapshot.ranges?.(workers) : undefined;
  if (ranges === undefined || ranges.length < 2) return [{ files: [], ended: false }];
  return ranges.map((range) => ({ range, files: [], ended: false }));
}

/** A source without snapshots is read a second time: two passes that agree are as good as one moment. */
async function settle(
  { collection }: OpenSource,
  work: Export,
  { consistency }: Snapshot,
  { signal, onProgress, batchSize = BATCH, workers }: ExportOptions,
): Promise<Consistency> {
  if (consistency !== 'best-effort') return consistency;
  const second = await collection.points.snapshot();
  try {
    const sum = new RowSum();
    const streams = await streamsOf(second, workers);
    const read = async ({ range }: { range?: string | undefined }) => {
      for await (const page of second.scan({ batchSize, range, signal })) {
        for (const point of page.points) sum.addBytes(pointBytes(work.shape, point));
        onProgress?.(sum.rows, work.rows);
      }
    };
    await allOrFirstError(streams.map(read));
    return sum.result().sum === work.sum().sum ? 'repaired' : 'best-effort';
  } finally {
    await second.close();
  }
}

/** A source that is read as of one moment gives as many points as it counts, unless it changed meanwhile. */
function requireCount({ source, counts, consistency }: Manifest): void {
  const { exported, before, after } = counts;
  if (before !== after || exported === after) return;
  throw new FailureError(`${exported} points were read, and the source counts ${after}, before and after`, {
    where: `${source.place}#${source.collection}`,
    got: { exported, before, after, consistency },
    next: 'look for points that cannot be read, or are counted twice; the export is not finished',
  });
}

/** Waits for all, so that nothing goes on behind an error. */
async function allOrFirstError(work: readonly Promise<void>[]): Promise<void> {
  let first: { error: unknown } | undefined;
  const noted = work.map((each) =>
    each.catch((error: unknown) => {
      first ??= { error };
    }),
  );
  await Promise.all(noted);
  if (first !== undefined) throw first.error;
}

/** One export from its cursors to its end. */
class Export {
  readonly shape: PointShape;
  readonly #source: OpenSource;
  readonly #description: Description;
  readonly #options: ExportOptions;
  readonly #state: ExportState;
  readonly #types: FieldTypes;
  readonly #pace: Pace;
  /** Of parts that are being written. */
  readonly #files = new Set<string>();
  #encoders: Encoders | undefined;
  /** Points that were read, in unfinished parts, too. */
  #done: number;

  constructor(source: OpenSource, description: Description, state: ExportState, options: ExportOptions) {
    this.#source = source;
    this.#description = description;
    this.#options = options;
    this.#state = state;
    this.#types = FieldTypes.from(state.fields);
    this.#pace = new Pace(options.rate);
    this.#done = this.rows;
    this.shape = describedShape(description);
  }

  get rows(): number {
    return this.#state.parts.reduce((sum, { rows }) => sum + rows, 0);
  }

  sum() {
    const sum = new RowSum();
    for (const part of this.#state.parts) sum.join(part);
    return sum.result();
  }

  /** Reads all ranges to their ends. The first error ends all of them; what is finished stays. */
  async run(snapshot: Snapshot): Promise<void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, stop.signal]);
    const open = this.#state.streams.filter(({ ended }) => !ended);
    await allOrFirstError(
      open.map((stream) =>
        this.#read(snapshot, stream, signal).catch((error: unknown) => {
          stop.abort(error);
          throw error;
        }),
      ),
    );
  }

  async close(): Promise<void> {
    await this.#encoders?.close();
  }

  async #read(
    snapshot: Snapshot,
    stream: ExportState['streams'][number],
    signal: AbortSignal,
  ): Promise<void> {
    const { partRows = PART_ROWS, batchSize = BATCH, onProgress } = this.#options;
    const { range, cursor: after } = stream;
    let part: { file: string; open: OpenPart | ColumnPart } | undefined;
    let last = after;
    try {
      for await (const page of this.#pages(snapshot, { batchSize, after, range, signal })) {
        const { cursor } = page;
        const rows = 'columns' in page ? page.columns.count : page.points.length;
        last = cursor;
        part ??= this.#open('columns' in page);
        if ('columns' in page) await (part.open as ColumnPart).add(page.columns);
        else await (part.open as OpenPart).add(page.points);
        this.#done += rows;
        onProgress?.(this.#done, Math.max(this.#state.before, this.#done));
        if (part.open.rows >= partRows) {
          await this.#close(stream, part, cursor);
          part = undefined;
        }
        await this.#pace.after(rows, signal);
      }
      if (part !== undefined) await this.#close(stream, part, last);
      stream.ended = true;
      saveState(this.#options.folder, this.#state);
    } catch (error) {
      // What the part met first is told, and not what came of it.
      await Promise.allSettled([part?.open.discard()]);
      throw error;
    }
  }

  /** Lines are written from points. */
  #pages(snapshot: Snapshot, options: ScanOptions): AsyncIterable<ScanPage | ColumnPage> {
    const { format = 'parquet' } = this.#options;
    return format === 'parquet' && snapshot.columns !== undefined
      ? snapshot.columns(options)
      : snapshot.scan(options);
  }

  /** The first number that no part has: of one that a crash has cut off it is free again. */
  #open(isColumns: boolean): { file: string; open: OpenPart | ColumnPart } {
    const taken = new Set([...this.#state.parts.map(({ file }) => file), ...this.#files]);
    let number = 0;
    while (taken.has(partFile(number, this.#options.format))) number++;
    const file = partFile(number, this.#options.format);
    this.#files.add(file);
    const path = join(this.#options.folder, file);
    const shapeNow = this.#partShape.bind(this);
    if (!isColumns) return { file, open: new OpenPart(path, shapeNow, this.shape, this.#types) };
    this.#encoders ??= encodersFor(this.shape.vectors, this.#state.before - this.#done);
    return { file, open: new ColumnPart(path, shapeNow, this.shape, this.#types, this.#encoders) };
  }

  #partShape(): PartShape {
    const { integerIds } = this.#source.definition.capabilities;
    return {
      idColumn: idColumnOf(this.#description.ids, integerIds),
      vectors: this.#description.spec.vectors,
      fields: this.#types.columns(),
    };
  }

  /** The part's file is on disk before the cursor moves behind it. */
  async #close(
    stream: ExportState['streams'][number],
    { file, open }: { file: string; open: OpenPart | ColumnPart },
    cursor: string | undefined,
  ): Promise<void> {
    const { tally, ...written } = await open.finish();
    this.#state.parts.push({ file, ...written });
    addTally(this.#state.tally, tally);
    this.#state.fields = this.#types.all();
    stream.files.push(file);
    stream.cursor = cursor;
    saveState(this.#options.folder, this.#state);
  }

  /** In the order of the ranges, which is that of a whole scan. */
  #partsInOrder(): Manifest['parts'] {
    const order = new Map(this.#state.streams.flatMap(({ files }) => files).map((file, at) => [file, at]));
    return this.#state.parts.toSorted((a, b) => order.get(a.file)! - order.get(b.file)!);
  }

  manifest(consistency: Consistency, after: number): Manifest {
    const { tally, startedAt, watermark, interruptions, before } = this.#state;
    const { name, version } = packageInfo();
    const { spec, ids, index, autoIds, ttl } = this.#description;
    const { parameters = '' } = this.#source;
    return {
      format: FORMAT,
      version: VERSION,
      tool: `${name} ${version}`,
      source: {
        engine: this.#source.definition.name,
        engineVersion: this.#source.engineVersion,
        collection: spec.name,
        place: this.#source.place,
        ...(parameters !== '' && { parameters }),
        ...(autoIds !== undefined && { autoIds }),
        ...(ttl !== undefined && { ttl }),
        index,
      },
      startedAt,
      finishedAt: new Date().toISOString(),
      consistency,
      watermark,
      interruptions,
      ids: { kind: ids, column: this.#partShape().idColumn, ...tally.ids },
      vectors: describedVectors(spec.vectors, tally, this.#source.definition.capabilities),
      fields: this.#types.all().map(({ name: field, type, native }) => ({
        name: field,
        type,
        native,
        ...(tally.fields[field] ?? { values: 0, nulls: 0, elsewhere: 0 }),
      })),
      text: tally.text,
      uri: tally.uri,
      tenant: tally.tenant,
      details: tally.details,
      nestedTimestamps: [...this.shape.timestamps].filter((path) => path.includes('.')),
      filters: null,
      counts: { exported: this.rows, before, after },
      parts: this.#partsInOrder(),
      tombstones: null,
      sum: this.sum().sum,
    };
  }
}
