import { FailureError, shorten } from '../../common/errors.js';
import type { FieldSchema } from '../../datasets/dataset.js';
import type { Filter } from '../../filters/filter.js';
import type { IdValues, PointColumns } from '../contract/columns.js';
import type { IdKind, PointId } from '../contract/ids.js';
import type {
  Description,
  Point,
  PointChange,
  Points,
  PointsAsColumns,
  Snapshot,
} from '../contract/points.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';
import { checkChange, checkIds, checkPoints, flatten, lastOfEachId } from '../kit/check.js';
import { fitsColumns } from '../kit/check-columns.js';
import { idsIn, pointsIn } from '../kit/columns.js';
import { inTurn } from '../kit/turns.js';
import type { LanceTable } from './client.js';
import { hasColumns, readColumns } from './column-page.js';
import { batchOf, batchTable, columnTable, withoutUnset } from './columns.js';
import { describeTable } from './describe.js';
import { isWritable, literal, quoted } from './fields.js';
import { sqlFilter } from './filter.js';
import { fieldColumns, fieldsOf, ID, type Layout } from './layout.js';
import { readPoints } from './rows.js';
import type { LanceSession } from './session.js';
import { openSnapshot } from './snapshot.js';

/** Ids named in one condition. */
const CHUNK = 500;

export class LancePoints implements Points {
  readonly #session: LanceSession;
  readonly #table: LanceTable;
  readonly #layout: Layout;
  readonly #spec: CollectionSpec;
  /** Told of every write: the index does not cover it. */
  readonly #onWrite: () => void;
  /** Points of the last write; 0: rows were deleted since. */
  #justWritten = 0;
  readonly asColumns?: PointsAsColumns;

  constructor(
    session: LanceSession,
    table: LanceTable,
    layout: Layout,
    spec: Pick<CollectionSpec, 'index'>,
    onWrite: () => void,
  ) {
    this.#session = session;
    this.#table = table;
    this.#layout = layout;
    const { name, ids, vectors, parts } = layout;
    const held = Object.fromEntries(parts.map(({ part }) => [part, true]));
    this.#spec = { name, ids: ids ?? 'u64', vectors, fields: fieldsOf(layout), index: spec.index, ...held };
    this.#onWrite = onWrite;
    if (hasColumns(layout))
      this.asColumns = {
        insertMissing: (columns, signal) => this.#insertColumns(columns, signal),
        getWritten: (written) => this.#written(written),
      };
  }

  async upsert(points: readonly Point[], signal?: AbortSignal): Promise<void> {
    return this.#inTurn(() => this.#upsert(points, signal));
  }

  async #upsert(points: readonly Point[], signal?: AbortSignal): Promise<void> {
    const batch = this.#checked(points, signal);
    if (batch === undefined) return;
    const { spec, unset } = withoutUnset(this.#spec, batch);
    const rows = batchTable(this.#session.arrow, spec, batch);
    await this.#merge().whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(rows);
    await this.#unset(unset, points);
    this.wrote(points.length);
  }

  async insertMissing(points: readonly Point[], signal?: AbortSignal): Promise<void> {
    const batch = this.#checked(points, signal);
    if (batch === undefined) return;
    const rows = batchTable(this.#session.arrow, withoutUnset(this.#spec, batch).spec, batch);
    await this.#inTurn(() => this.#merge().whenNotMatchedInsertAll().execute(rows));
    this.wrote(points.length);
  }

  /** So many points were written just now: where they were new, they are the last rows of the table. */
  wrote(points: number): void {
    this.#justWritten = points;
    this.#onWrite();
  }

  async #insertColumns(columns: PointColumns, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    this.#requireKnownTypes();
    if (columns.count === 0) return;
    if (!fitsColumns(this.#session.holder, this.#spec, columns))
      return this.insertMissing(pointsIn(columns, this.#spec.vectors), signal);
    const rows = columnTable(this.#session.arrow, withoutUnset(this.#spec, columns).spec, columns);
    await this.#inTurn(() => this.#merge().whenNotMatchedInsertAll().execute(rows));
    this.wrote(columns.count);
  }

  /** The last rows of the table, if there are just these points in them. */
  async #written(ids: IdValues): Promise<PointColumns[] | undefined> {
    const wanted = new Set(idsIn(ids));
    if (wanted.size !== this.#justWritten) return undefined;
    const pieces: PointColumns[] = [];
    for await (const rows of await this.#lastRows(wanted.size)) {
      const read = readColumns(this.#layout, rows);
      if (read === undefined) continue;
      for (const id of idsIn(read.ids)) if (!wanted.delete(id)) return undefined;
      pieces.push(read);
    }
    return wanted.size === 0 ? pieces : undefined;
  }

  async #lastRows(count: number) {
    const total = await this.#table.countRows();
    return this.#table
      .query()
      .offset(Math.max(0, total - count))
      .limit(Math.min(count, total));
  }

  /** Two merges at a time may both insert a new id, or one undo the other. Of other processes nobody here knows. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return inTurn(JSON.stringify(['lancedb', this.#session.folder, this.#layout.name]), work);
  }

  #merge() {
    return this.#table.mergeInsert(this.#layout.idColumn);
  }

  /** What `withoutUnset` has left out, of points that were there before. */
  async #unset(fields: readonly FieldSchema[], points: readonly Point[]): Promise<void> {
    if (fields.length === 0) return;
    const columns = fieldColumns(this.#layout);
    const valuesSql = Object.fromEntries(
      fields.map(({ name }) => [columns.get(name)!.replaceAll('`', ''), 'cast(NULL as boolean)']),
    );
    for (let from = 0; from < points.length; from += CHUNK) {
      const where = this.#among(points.slice(from, from + CHUNK).map(({ id }) => id));
      await this.#table.update({ where, valuesSql });
    }
  }

  /** Checked points, of each id the last; undefined: there are none. */
  #checked(points: readonly Point[], signal: AbortSignal | undefined): LoadBatch | undefined {
    signal?.throwIfAborted();
    this.#requireKnownTypes();
    checkPoints(this.#session.holder, this.#spec, points);
    if (points.length === 0) return undefined;
    return batchOf(this.#spec, lastOfEachId(points));
  }

  async get(ids: readonly PointId[]): Promise<Point[]> {
    checkIds(this.#session.holder, this.#spec.ids, ids);
    const found = new Map<PointId, Point>();
    // A condition is asked of the whole table; who reads back what was just written finds it in the last rows.
    if (ids.length === this.#justWritten)
      for await (const rows of await this.#lastRows(ids.length))
        for (const each of readPoints(this.#layout, rows)) found.set(each.id, each);
    const others = ids.filter((id) => !found.has(id));
    for (let from = 0; from < others.length; from += CHUNK) {
      const rows = await this.#table
        .query()
        .where(this.#among(others.slice(from, from + CHUNK)))
        .toArrow();
      for (const each of readPoints(this.#layout, rows)) found.set(each.id, each);
    }
    return ids.flatMap((id) => found.get(id) ?? []);
  }

  async delete(ids: readonly PointId[]): Promise<void> {
    checkIds(this.#session.holder, this.#spec.ids, ids);
    for (let from = 0; from < ids.length; from += CHUNK) {
      const where = this.#among(ids.slice(from, from + CHUNK));
      await this.#inTurn(() => this.#table.delete(where));
    }
    this.wrote(0);
  }

  /** Reads the point and writes it as a whole. */
  async update(change: PointChange): Promise<void> {
    return this.#inTurn(() => this.#update(change));
  }

  async #update(change: PointChange): Promise<void> {
    const changes = checkChange(this.#session.holder, this.#spec, change);
    const [found] = await this.get([change.id]);
    if (found === undefined) {
      throw new FailureError(`there is no point with id ${shorten(change.id)}`, { where: 'lancedb' });
    }
    const { text = found.text, uri = found.uri } = change;
    const metadata = { ...flatten(found.metadata), ...changes };
    const vectors = { ...found.vectors, ...change.vectors };
    await this.#upsert([{ ...found, vectors, metadata, text, uri }]);
  }

  describe(): Promise<Description> {
    return describeTable(this.#table, this.#layout);
  }

  matching(filter: Filter): Promise<number> {
    return this.#table.countRows(sqlFilter(filter, fieldColumns(this.#layout)));
  }

  snapshot(at?: string): Promise<Snapshot> {
    return openSnapshot(this.#session, this.#layout, at);
  }

  #among(ids: readonly PointId[]): string {
    const type = isText(this.#spec.ids) ? 'string' : 'integer';
    return `${quoted(this.#layout.idColumn)} IN (${ids.map((id) => literal(type, id)).join(', ')})`;
  }

  /** A whole point cannot be written where a column's type is not known. */
  #requireKnownTypes(): void {
    const { idColumn, mark, name } = this.#layout;
    if (mark === null && idColumn !== ID) {
      throw new FailureError(`table "${name}" is only read: its key is "${idColumn}", not "${ID}"`, {
        where: 'lancedb',
      });
    }
    const odd = this.#layout.fields.find(({ type, native }) => type === null || !isWritable(native));
    if (odd === undefined) return;
    throw new FailureError(`cannot write column "${odd.name}" of type ${odd.native}`, { where: 'lancedb' });
  }
}

function isText(ids: IdKind): boolean {
  return ids === 'string' || ids === 'uuid';
}
