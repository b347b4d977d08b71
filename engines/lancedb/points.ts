import { FailureError, shorten } from '../../common/errors.js';
import type { Filter } from '../../filters/filter.js';
import type { IdKind, PointId } from '../contract/ids.js';
import type { Description, Point, PointChange, Points, Snapshot } from '../contract/points.js';
import type { CollectionSpec } from '../contract/spec.js';
import { checkChange, checkIds, checkPoints, flatten, lastOfEachId } from '../kit/check.js';
import type { LanceTable } from './client.js';
import { batchOf, batchTable } from './columns.js';
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
  }

  async upsert(points: readonly Point[], signal?: AbortSignal): Promise<void> {
    const rows = this.#rows(points, signal);
    if (rows === undefined) return;
    await this.#merge().whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(rows);
    this.#onWrite();
  }

  async insertMissing(points: readonly Point[], signal?: AbortSignal): Promise<void> {
    const rows = this.#rows(points, signal);
    if (rows === undefined) return;
    await this.#merge().whenNotMatchedInsertAll().execute(rows);
    this.#onWrite();
  }

  #merge() {
    return this.#table.mergeInsert(this.#layout.idColumn);
  }

  /** Checked points as rows, of each id the last; undefined: there are none. */
  #rows(points: readonly Point[], signal: AbortSignal | undefined): object | undefined {
    signal?.throwIfAborted();
    this.#requireKnownTypes();
    checkPoints(this.#session.holder, this.#spec, points);
    if (points.length === 0) return undefined;
    return batchTable(this.#session.arrow, this.#spec, batchOf(this.#spec, lastOfEachId(points)));
  }

  async get(ids: readonly PointId[]): Promise<Point[]> {
    checkIds(this.#session.holder, this.#spec.ids, ids);
    const found = new Map<PointId, Point>();
    for (let from = 0; from < ids.length; from += CHUNK) {
      const rows = await this.#table
        .query()
        .where(this.#among(ids.slice(from, from + CHUNK)))
        .toArrow();
      for (const each of readPoints(this.#layout, rows)) found.set(each.id, each);
    }
    return ids.flatMap((id) => found.get(id) ?? []);
  }

  async delete(ids: readonly PointId[]): Promise<void> {
    checkIds(this.#session.holder, this.#spec.ids, ids);
    for (let from = 0; from < ids.length; from += CHUNK) {
      await this.#table.delete(this.#among(ids.slice(from, from + CHUNK)));
    }
    this.#onWrite();
  }

  /** Reads the point and writes it as a whole. */
  async update(change: PointChange): Promise<void> {
    const changes = checkChange(this.#session.holder, this.#spec, change);
    const [found] = await this.get([change.id]);
    if (found === undefined) {
      throw new FailureError(`there is no point with id ${shorten(change.id)}`, { where: 'lancedb' });
    }
    const { text = found.text, uri = found.uri } = change;
    const metadata = { ...flatten(found.metadata), ...changes };
    const vectors = { ...found.vectors, ...change.vectors };
    await this.upsert([{ ...found, vectors, metadata, text, uri }]);
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
