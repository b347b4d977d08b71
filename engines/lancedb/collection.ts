import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { NumberMetric } from '../../datasets/dataset.js';
import type { Collection, Readiness } from '../contract/collection.js';
import type { ReadAs } from '../contract/points.js';
import type { PreparedSearch } from '../contract/search.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';
import { abortable, folderBytes, requireCount } from '../kit/load.js';
import { vectorNamed } from '../kit/vectors.js';
import type { LanceTable } from './client.js';
import { batchTable, tableSchema } from './columns.js';
import { createFieldIndexes, createIndex, INDEX_NAME, type IndexSpec, indexKind } from './index-kind.js';
import { fieldsOf, type Layout } from './layout.js';
import { LancePoints } from './points.js';
import { layoutOf } from './read-layout.js';
import { prepareSearch } from './search.js';
import type { LanceSession } from './session.js';

export async function createCollection(session: LanceSession, spec: CollectionSpec): Promise<Collection> {
  if ((await session.connection.tableNames()).includes(spec.name)) {
    const next = 'choose another name, or drop that table';
    throw new FailureError(`there is a table "${spec.name}" already`, { where: 'lancedb', next });
  }
  const schema = tableSchema(session.arrow, spec);
  const table = await session.connection.createEmptyTable(spec.name, schema);
  return new LanceCollection(session, spec, table, layoutOf(spec.name, await table.schema()));
}

export async function openCollection(session: LanceSession, name: string, as?: ReadAs): Promise<Collection> {
  const there = await session.connection.tableNames();
  if (!there.includes(name)) {
    const next = there.length > 0 ? `open one of ${there.join(', ')}` : 'the folder has no tables';
    throw new FailureError(`there is no table "${name}"`, { where: 'lancedb', next });
  }
  const table = await session.connection.openTable(name);
  const layout = layoutOf(name, await table.schema(), as);
  return new LanceCollection(session, await specOf(table, layout), table, layout, true);
}

/**
 * A table of ours keeps which index it is to have. Of others' tables, an index that is there is searched as it is: nothing
 * says with which parameters it was made.
 */
async function specOf(table: LanceTable, layout: Layout): Promise<CollectionSpec> {
  const { name, vectors } = layout;
  const ids = layout.ids ?? 'u64';
  const [found] = (await table.listIndices()).filter(({ columns }) => columns.includes(vectors[0]!.column));
  const stats = found && (await table.indexStats(found.name));
  const [first, ...rest] = vectors;
  const metric = (stats?.distanceType as NumberMetric | undefined) ?? first!.metric;
  const index =
    layout.index ??
    (found === undefined ? { type: 'flat', quantization: 'none' } : { type: found.indexType });
  return { name, ids, vectors: [{ ...first!, metric }, ...rest], fields: fieldsOf(layout), index };
}

class LanceCollection implements Collection {
  readonly name: string;
  readonly points: LancePoints;
  readonly #session: LanceSession;
  readonly #spec: CollectionSpec;
  readonly #table: LanceTable;
  readonly #layout: Layout;
  /** Undefined once points were written or deleted one by one, or where others made the table. */
  #loaded: number | undefined;
  /** The index covers all points. */
  #built = false;
  /** It was there: its index may be built or not. */
  readonly #opened: boolean;

  constructor(
    session: LanceSession,
    spec: CollectionSpec,
    table: LanceTable,
    layout: Layout,
    opened = false,
  ) {
    this.name = spec.name;
    this.#opened = opened;
    this.#session = session;
    this.#spec = spec;
    this.#table = table;
    this.#layout = layout;
    this.#loaded = spec.capacity === undefined ? undefined : 0;
    this.points = new LancePoints(session, table, layout, spec, () => {
      this.#loaded = undefined;
      this.#built = false;
    });
  }

  async load(batch: LoadBatch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const loaded = this.#loaded;
    await abortable(this.#table.add(batchTable(this.#session.arrow, this.#spec, batch)), signal);
    this.points.wrote(batch.count);
    this.#loaded = loaded === undefined ? undefined : loaded + batch.count;
  }

  async ready(signal: AbortSignal): Promise<Readiness> {
    signal.throwIfAborted();
    const count = await this.count();
    if (this.#loaded !== undefined) requireCount('lancedb', count, this.#loaded);
    const { lance, threads } = this.#session;
    const kind = indexKind(this.#spec.index);
    if (!this.#built) {
      if (kind !== undefined && !(await this.#covers(kind.reported)))
        await abortable(createIndex(lance, this.#table, kind, this.#indexSpec()), signal);
      await abortable(createFieldIndexes(lance, this.#table, this.#spec.index, this.#layout), signal);
      this.#built = true;
    }
    if (kind === undefined) return { count, indexed: null, details: { threads } };
    return this.#indexed(count);
  }

  /** Such an index is there, and no point was written behind it. */
  async #covers(type: string): Promise<boolean> {
    const stats = await this.#table.indexStats(INDEX_NAME);
    return stats?.indexType === type && stats.numUnindexedRows === 0 && stats.numIndexedRows > 0;
  }

  /** Asks the engine what it built: type, metric, and whether every point is covered. */
  async #indexed(count: number): Promise<Readiness> {
    const kind = indexKind(this.#spec.index)!;
    const spec = this.#indexSpec();
    const stats = await this.#table.indexStats(INDEX_NAME);
    const found = {
      indexType: stats?.indexType,
      distanceType: stats?.distanceType,
      unindexed: stats?.numUnindexedRows,
    };
    const wanted = { indexType: kind.reported, distanceType: spec.metric, unindexed: 0 };
    if (stats === undefined || JSON.stringify(found) !== JSON.stringify(wanted)) {
      throw new FailureError(`the index is not the one asked for (wanted ${JSON.stringify(wanted)})`, {
        where: 'lancedb',
        got: found,
      });
    }
    const { threads } = this.#session;
    const details = { ...kind.details(spec), indexType: stats.indexType, threads };
    return { count, indexed: stats.numIndexedRows, details };
  }

  async prepare(search: ParameterSet, k: number, vector?: string): Promise<PreparedSearch> {
    const spec = this.#indexSpec(vector);
    const wanted = vector === undefined && !this.#opened && indexKind(this.#spec.index) !== undefined;
    const indexes = await this.#table.listIndices();
    const indexed = wanted || indexes.some(({ columns }) => columns.includes(spec.column));
    return prepareSearch(this.#table, indexed, spec, this.#layout, search, k);
  }

  async prepareExact(k: number, vector?: string): Promise<PreparedSearch> {
    const { nlist: _, ...index } = this.#indexSpec(vector).index;
    const spec = { ...this.#indexSpec(vector), index: { ...index, type: 'flat' } };
    return prepareSearch(this.#table, false, spec, this.#layout, {}, k, true);
  }

  /** The vector that is indexed or searched. Throws FailureError where nothing says by which metric. */
  #indexSpec(vector?: string): IndexSpec {
    const { name } = vectorNamed(this.#spec, vector);
    const { column, dimensions } = this.#layout.vectors.find((each) => each.name === name)!;
    const { metric } = this.#spec.vectors.find((each) => each.name === name)!;
    if (metric === null) {
      throw new FailureError(`table "${this.name}" does not say by which metric it is searched`, {
        where: 'lancedb',
        next: 'give it an index',
      });
    }
    return { column, dimensions, metric: metric as NumberMetric, index: this.#spec.index };
  }

  count(): Promise<number> {
    return this.#table.countRows();
  }

  /** The table as it lies on disk: the index and the vectors that refining and other queries need. */
  indexBytes(): Promise<number | undefined> {
    return folderBytes(this.#folder);
  }

  /** `optimize` removes what was written before a time: also a version that was the newest one long after it. */
  async tidy(keepMs: number): Promise<void> {
    if (this.#layout.mark === null) return;
    const since = Date.now() - keepMs;
    const times = (await this.#table.listVersions()).map(({ timestamp }) => timestamp.getTime());
    const newestThen = Math.max(0, ...times.filter((time) => time <= since));
    await this.#table.optimize({ cleanupOlderThan: new Date(newestThen) });
  }

  async drop(): Promise<void> {
    if (this.#layout.mark === null) {
      throw new FailureError(`table "${this.name}" was not made by vecproof, and is not dropped`, {
        where: 'lancedb',
      });
    }
    this.#table.close();
    await this.#session.connection.dropTable(this.name);
    await rm(this.#folder, { force: true, recursive: true });
  }

  get #folder(): string {
    return join(this.#session.folder, `${this.name}.lance`);
  }
}
