import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import { packageInfo } from '../../common/paths.js';
import type { Consistency, Description, Point, Snapshot } from '../../engines/contract/points.js';
import type { OpenSource } from '../connections/open-source.js';
import { describedShape, type PointShape } from './canonical.js';
import { idColumnOf, type PartShape } from './columns.js';
import { FieldTypes } from './field-types.js';
import { FORMAT, type Manifest, VERSION, writeManifest } from './manifest.js';
import { describedVectors } from './manifest-vectors.js';
import { openPartWriter, type PartFormat, partFile, requireFormat } from './part-files.js';
import { groupRows } from './part-writer.js';
import { pointHash, RowSum } from './row-hash.js';
import { clearParts, type ExportState, findState, lockFolder, removeState, saveState } from './state.js';
import { countPoint, emptyTally } from './tally.js';
import type { PartWriter } from './written-part.js';

export interface ExportOptions {
  /** New, empty, or with a part of the same export. */
  folder: string;
  /** Points of a part: where an export that was interrupted goes on. */
  partRows?: number | undefined;
  /** Most points of a page that the source is asked for. */
  batchSize?: number | undefined;
  /** How points stand in the parts; Parquet by default. */
  format?: PartFormat | undefined;
  /** Points in a second; undefined: as fast as it goes. */
  rate?: number | undefined;
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
  const { points, name } = source.collection;
  const description = await points.describe();
  const where = { place: source.place, collection: `${name}${source.parameters ?? ''}` };
  const found = findState(options.folder, where);
  requireFormat(options.folder, found?.parts ?? [], options.format ?? 'parquet');
  const { snapshot, state } = await begin(source, found, { ...options, where, description });
  try {
    const work = new Export(source, description, state, options);
    await work.run(snapshot);
    const { count } = await points.describe();
    const consistency = await settle(source, work, snapshot, options);
    const manifest = work.manifest(consistency, count);
    requireCount(manifest);
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
  if (same || snapshot.consistency !== 'snapshot')
    return { snapshot, state: { ...found, interruptions: found.interruptions + 1 } };
  options.onNotice?.(
    `the snapshot of ${found.startedAt} is gone, and the source may have changed since: the export begins again`,
  );
  clearParts(options.folder, found);
  return { snapshot, state: { ...fresh, interruptions: found.interruptions + 1 } };
}

/** A source without snapshots is read a second time: two passes that agree are as good as one moment. */
async function settle(
  { collection }: OpenSource,
  work: Export,
  { consistency }: Snapshot,
  { signal, onProgress, batchSize = BATCH }: ExportOptions,
): Promise<Consistency> {
  if (consistency !== 'best-effort') return consistency;
  const second = await collection.points.snapshot();
  try {
    const sum = new RowSum();
    for await (const page of second.scan({ batchSize, signal })) {
      for (const point of page.points) sum.add(pointHash(work.shape, point));
      onProgress?.(sum.result().rows, work.rows);
    }
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

/** One export from its cursor to its end. */
class Export {
  readonly shape: PointShape;
  readonly #source: OpenSource;
  readonly #description: Description;
  readonly #options: ExportOptions;
  readonly #state: ExportState;
  readonly #types: FieldTypes;
  readonly #started = performance.now();
  /** Points that an earlier process has exported. */
  readonly #earlier: number;

  constructor(source: OpenSource, description: Description, state: ExportState, options: ExportOptions) {
    this.#source = source;
    this.#description = description;
    this.#options = options;
    this.#state = state;
    this.#types = FieldTypes.from(state.fields);
    this.#earlier = this.rows;
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

  async run(snapshot: Snapshot): Promise<void> {
    const { partRows = PART_ROWS, batchSize = BATCH, signal, onProgress } = this.#options;
    const { cursor: after } = this.#state;
    let part: OpenPart | undefined;
    let done = this.rows;
    let last = after;
    try {
      for await (const { points, cursor } of snapshot.scan({ batchSize, after, signal })) {
        last = cursor;
        part ??= new OpenPart(this.#nextPath(), this.#partShape.bind(this), this.shape);
        await part.add(points, this.#types, this.#state.tally);
        done += points.length;
        onProgress?.(done, Math.max(this.#state.before, done));
        if (part.rows >= partRows) {
          await this.#close(part, cursor);
          part = undefined;
        }
        await this.#pace(done);
      }
      if (part !== undefined) await this.#close(part, last);
    } catch (error) {
      part?.discard();
      throw error;
    }
  }

  #nextPath(): string {
    return join(this.#options.folder, this.#nextFile());
  }

  #nextFile(): string {
    return partFile(this.#state.parts.length, this.#options.format);
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
  async #close(part: OpenPart, cursor: string | undefined): Promise<void> {
    const file = this.#nextFile();
    this.#state.parts.push({ file, ...(await part.finish(this.#types, this.#state.tally)) });
    this.#state.fields = this.#types.all();
    this.#state.cursor = cursor;
    saveState(this.#options.folder, this.#state);
  }

  /** Not faster than the rate that was asked for. */
  async #pace(done: number): Promise<void> {
    const { rate, signal } = this.#options;
    if (rate === undefined) return;
    const ahead = ((done - this.#earlier) / rate) * 1000 - (performance.now() - this.#started);
    if (ahead <= 0) return;
    const { setTimeout: pause } = await import('node:timers/promises');
    await pause(ahead, undefined, { signal });
  }

  manifest(consistency: Consistency, after: number): Manifest {
    const { tally, parts, startedAt, watermark, interruptions, before } = this.#state;
    const { name, version } = packageInfo();
    const { spec, ids, index } = this.#description;
    return {
      format: FORMAT,
      version: VERSION,
      tool: `${name} ${version}`,
      source: {
        engine: this.#source.definition.name,
        engineVersion: this.#source.engineVersion,
        collection: spec.name,
        place: this.#source.place,
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
      parts,
      tombstones: null,
      sum: this.sum().sum,
    };
  }
}

/** A part that is being written: points wait until they make a row group. */
class OpenPart {
  readonly #path: string;
  readonly #shapeNow: () => PartShape;
  readonly #points: PointShape;
  readonly #sum = new RowSum();
  #waiting: Point[] = [];
  #writer: PartWriter | undefined;
  #size = 1;
  rows = 0;

  constructor(path: string, shapeNow: () => PartShape, points: PointShape) {
    this.#path = path;
    this.#shapeNow = shapeNow;
    this.#points = points;
    this.#size = groupRows(points);
  }

  async add(points: readonly Point[], types: FieldTypes, tally: ExportState['tally']): Promise<void> {
    this.#waiting.push(...points);
    this.rows += points.length;
    while (this.#waiting.length >= this.#size) await this.#flush(types, tally);
  }

  async #flush(types: FieldTypes, tally: ExportState['tally']): Promise<void> {
    const points = this.#waiting.splice(0, this.#size);
    // A file has one schema: fields that come up in a later row group get their column with the next part.
    if (this.#writer === undefined) types.meet(points);
    this.#writer ??= openPartWriter(this.#path, this.#shapeNow(), this.#points);
    const columns = this.#writer.columns;
    for (const point of points) {
      this.#sum.add(pointHash(this.#points, point));
      countPoint(tally, this.#points, columns, point);
    }
    await this.#writer.write(points);
  }

  async finish(types: FieldTypes, tally: ExportState['tally']) {
    while (this.#waiting.length > 0) await this.#flush(types, tally);
    return { ...this.#sum.result(), ...(await this.#writer!.finish()) };
  }

  discard(): void {
    this.#writer?.discard();
  }
}
