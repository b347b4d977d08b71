import { FailureError, shorten } from '../../common/errors.js';
import type { FieldSchema, MetadataValue, Metric } from '../../datasets/dataset.js';
import type { Filter } from '../../filters/filter.js';
import type { IdKind, PointId } from '../contract/ids.js';
import type {
  Description,
  PointRecord,
  RecordChange,
  RecordCollection,
  ScanOptions,
} from '../contract/points.js';
import {
  checkChange,
  checkIds,
  checkRecords,
  checkVector,
  type FlatValue,
  flatten,
  lastOfEachId,
  nest,
  type RecordLimits,
} from '../kit/check.js';
import type { ArrowClient, ArrowRows, LanceTable } from './client.js';
import { fieldColumns, ID, listType, VECTOR, vectorColumn } from './columns.js';
import { arrowColumn, columnName, columnValues, literal, quoted } from './fields.js';
import { sqlFilter } from './filter.js';
import { METADATA } from './metadata.js';

export const LIMITS: RecordLimits = {
  engine: 'lancedb',
  metadata: METADATA,
  idKinds: ['u32', 'u64', 'string', 'uuid'],
  integerIds: 'signed',
};
/** Ids named in one condition. */
const CHUNK = 500;

/** What a table's schema says. */
export interface RecordTable {
  name: string;
  ids: IdKind;
  dimensions: number;
  metric: Metric | null;
  fields: Description['fields'];
}

/** The Arrow schema of a new table; ids and metric are kept beside it, as nothing else tells them. */
export function recordSchema(
  arrow: ArrowClient,
  {
    ids,
    dimensions,
    fields,
    metric,
  }: Pick<RecordTable, 'ids' | 'dimensions' | 'metric'> & {
    fields: readonly FieldSchema[];
  },
): object {
  const idType = isText(ids) ? new arrow.Utf8() : new arrow.Int64();
  return new arrow.Schema(
    [
      new arrow.Field(ID, idType, false),
      new arrow.Field(VECTOR, listType(arrow, dimensions), false),
      ...fieldColumns(arrow, fields),
    ],
    new Map([['vecproof.ids', ids], ...(metric === null ? [] : ([['vecproof.metric', metric]] as const))]),
  );
}

/** A table with an id, a vector and a column for each field. */
export class LanceRecords implements RecordCollection {
  readonly #arrow: ArrowClient;
  readonly #native: LanceTable;
  readonly #table: RecordTable;
  readonly #fields: readonly FieldSchema[];
  readonly #drop: () => Promise<void>;

  constructor(arrow: ArrowClient, native: LanceTable, table: RecordTable, drop: () => Promise<void>) {
    this.#arrow = arrow;
    this.#native = native;
    this.#table = table;
    this.#drop = drop;
    this.#fields = table.fields.flatMap(({ name, type, nullable }) =>
      type === null ? [] : [{ name, type, nullable: nullable ?? true }],
    );
  }

  async upsert(records: readonly PointRecord[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#requireKnownTypes();
    checkRecords(LIMITS, this.#schema, records);
    if (records.length === 0) return;
    const { dimensions, ids } = this.#table;
    const last = lastOfEachId(records);
    const vectors = new Float32Array(last.length * dimensions);
    for (const [row, { vector }] of last.entries()) vectors.set(vector, row * dimensions);
    const flat = last.map(({ metadata }) => flatten(metadata));
    const rows = new this.#arrow.Table(recordSchema(this.#arrow, { ...this.#table, fields: this.#fields }), {
      [ID]: this.#arrow.vectorFromArray(
        last.map(({ id }) => id),
        isText(ids) ? new this.#arrow.Utf8() : new this.#arrow.Int64(),
      ),
      [VECTOR]: vectorColumn(this.#arrow, vectors, last.length, dimensions),
      ...Object.fromEntries(
        this.#fields.map(({ name, type }) => [
          columnName(name),
          arrowColumn(
            this.#arrow,
            type,
            flat.map((each) => each[name]),
          ),
        ]),
      ),
    });
    await this.#native.mergeInsert(ID).whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(rows);
  }

  async get(ids: readonly PointId[]): Promise<PointRecord[]> {
    checkIds(LIMITS, this.#table.ids, ids);
    const found = new Map<PointId, PointRecord>();
    for (let from = 0; from < ids.length; from += CHUNK) {
      const rows = await this.#native
        .query()
        .where(this.#among(ids.slice(from, from + CHUNK)))
        .toArrow();
      for (const each of this.#records(rows)) found.set(each.id, each);
    }
    return ids.flatMap((id) => found.get(id) ?? []);
  }

  /** One read of one version of the table, whatever is written meanwhile. */
  async *scan({ batchSize, signal }: ScanOptions): AsyncIterable<PointRecord[]> {
    signal?.throwIfAborted();
    let waiting: PointRecord[] = [];
    for await (const rows of this.#native.query()) {
      waiting.push(...this.#records(rows));
      while (waiting.length >= batchSize) {
        signal?.throwIfAborted();
        const batch = waiting.slice(0, batchSize);
        waiting = waiting.slice(batchSize);
        yield batch;
      }
    }
    signal?.throwIfAborted();
    if (waiting.length > 0) yield waiting;
  }

  async search(vector: Float32Array, k: number, filter?: Filter): Promise<{ id: PointId; score: number }[]> {
    const { metric, dimensions, name } = this.#table;
    checkVector(LIMITS, dimensions, 'of the search', vector);
    if (metric === null) {
      throw new FailureError(`table "${name}" does not tell by which metric it is searched`, {
        where: 'lancedb',
        next: 'give it an index',
      });
    }
    let query = this.#native.vectorSearch(vector).distanceType(metric).bypassVectorIndex();
    if (filter !== undefined) query = query.where(sqlFilter(filter));
    const rows = (await query.select([ID, '_distance']).limit(k).toArrow()) as unknown as ArrowRows;
    const ids = rows.getChild(ID);
    const scores = rows.getChild('_distance');
    if (ids === null || scores === null) return [];
    return Array.from({ length: rows.numRows }, (_, row) => ({
      id: this.#id(ids.get(row)),
      score: Number(scores.get(row)),
    }));
  }

  count(): Promise<number> {
    return this.#native.countRows();
  }

  async delete(ids: readonly PointId[]): Promise<void> {
    checkIds(LIMITS, this.#table.ids, ids);
    for (let from = 0; from < ids.length; from += CHUNK) {
      await this.#native.delete(this.#among(ids.slice(from, from + CHUNK)));
    }
  }

  /** Reads the record and writes it as a whole. */
  async update(change: RecordChange): Promise<void> {
    const changes = checkChange(LIMITS, this.#schema, change);
    const [found] = await this.get([change.id]);
    if (found === undefined) {
      throw new FailureError(`there is no point with id ${shorten(change.id)}`, { where: 'lancedb' });
    }
    const metadata: Record<string, FlatValue> = { ...flatten(found.metadata), ...changes };
    await this.upsert([{ id: change.id, vector: change.vector ?? found.vector, metadata }]);
  }

  async describe(): Promise<Description> {
    const { name, ids, dimensions, metric, fields } = this.#table;
    const indexes = await this.#native.listIndices();
    const vector = indexes.find(({ columns }) => columns.includes(VECTOR));
    const stats = vector && (await this.#native.indexStats(vector.name));
    const index =
      vector === undefined
        ? { type: 'flat' }
        : { type: vector.indexType, name: vector.name, unindexed: stats?.numUnindexedRows ?? 0 };
    return {
      name,
      ids,
      dimensions,
      metric: (stats?.distanceType as Metric | undefined) ?? metric,
      index,
      fields,
      count: await this.count(),
    };
  }

  async drop(): Promise<void> {
    this.#native.close();
    await this.#drop();
  }

  get #schema() {
    return { ids: this.#table.ids, dimensions: this.#table.dimensions, fields: this.#fields };
  }

  #among(ids: readonly PointId[]): string {
    const type = isText(this.#table.ids) ? 'string' : 'integer';
    return `${quoted(ID)} IN (${ids.map((id) => literal(type, id)).join(', ')})`;
  }

  #id(value: unknown): PointId {
    return isText(this.#table.ids) ? String(value) : BigInt(value as bigint | number);
  }

  #records(rows: ArrowRows): PointRecord[] {
    const ids = rows.getChild(ID);
    const vectors = rows.getChild(VECTOR);
    // A result without rows has no columns.
    if (ids === null || vectors === null) return [];
    const columns = this.#table.fields.map(({ name, type }) => {
      const column = rows.getChild(columnName(name));
      return { name, values: column === null ? [] : columnValues(column, type) };
    });
    return Array.from({ length: rows.numRows }, (_, row) => {
      const flat: Record<string, MetadataValue> = {};
      for (const { name, values } of columns) flat[name] = values[row] ?? null;
      return {
        id: this.#id(ids.get(row)),
        vector: Float32Array.from(vectors.get(row) as Iterable<number>),
        metadata: nest(flat),
      };
    });
  }

  /** A whole record cannot be written where a column's type is not known. */
  #requireKnownTypes(): void {
    const odd = this.#table.fields.find(({ type }) => type === null);
    if (odd === undefined) return;
    throw new FailureError(`cannot write column "${odd.name}" of type ${odd.native}`, { where: 'lancedb' });
  }
}

function isText(ids: IdKind): boolean {
  return ids === 'string' || ids === 'uuid';
}
