import { FailureError, shorten } from '../../common/errors.js';
import type { FieldSchema } from '../../datasets/dataset.js';
import type { Filter } from '../../filters/filter.js';
import type { PointId } from '../contract/ids.js';
import type { Description, Point, PointChange, Points, Snapshot } from '../contract/points.js';
import { checkChange, checkIds, checkPoints, lastOfEachId } from '../kit/check.js';
import { requireFields } from '../kit/load.js';
import { vectorIn } from '../kit/vectors.js';
import { HOLDER } from './capabilities.js';
import { describeTable } from './catalog.js';
import { factsOf, indexesOf } from './facts-of.js';
import { arrayText, COLUMN_TYPES, quoted } from './fields.js';
import { sqlFilter } from './filter.js';
import { type InTurn, transaction } from './in-turn.js';
import { type Layout, writtenFields } from './layout.js';
import { type Conflict, flatPoint, insertRows, pointCells, pointOf, readList, requireExact } from './rows.js';
import { PgSnapshot } from './snapshot.js';
import type { SnapshotPlace } from './snapshot-place.js';
import { keyBytes, textBytes, valueBytes, WIRE_TYPES } from './values.js';
import { vectorBytes } from './vectors.js';

/** Whole rows of a table. */
export class PgPoints implements Points {
  readonly #session: InTurn;
  readonly #layout: Layout;
  readonly #snapshot: () => Promise<SnapshotPlace>;
  readonly #beforeWrite: () => Promise<void>;

  /** @param beforeWrite is awaited before anything is changed */
  constructor(
    session: InTurn,
    layout: Layout,
    snapshot: () => Promise<SnapshotPlace>,
    beforeWrite: () => Promise<void>,
  ) {
    this.#session = session;
    this.#layout = layout;
    this.#snapshot = snapshot;
    this.#beforeWrite = beforeWrite;
  }

  upsert(points: readonly Point[], signal?: AbortSignal): Promise<void> {
    return this.#insert(points, 'replace', signal);
  }

  insertMissing(points: readonly Point[], signal?: AbortSignal): Promise<void> {
    return this.#insert(points, 'keep', signal);
  }

  /** All or none. */
  async #insert(points: readonly Point[], conflict: Conflict, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    checkPoints(HOLDER, this.#spec, points);
    if (points.length === 0) return;
    await this.#beforeWrite();
    const cells = pointCells(this.#layout);
    const rows = (conflict === 'replace' ? lastOfEachId(points) : points).map(flatPoint);
    await transaction(this.#session, (own) =>
      insertRows(own, this.#layout, { cells, rows, conflict }, signal),
    );
  }

  async get(ids: readonly PointId[]): Promise<Point[]> {
    const rows = await this.#session.ask(
      `SELECT ${readList(this.#layout)} FROM unnest($1::text[]) WITH ORDINALITY AS u(id, n) JOIN ${this.#layout.table} t ON ${this.#isKey} ORDER BY u.n`,
      [this.#idsText(ids)],
    );
    return rows.map((row) => pointOf(this.#layout, row));
  }

  async delete(ids: readonly PointId[]): Promise<void> {
    const text = this.#idsText(ids);
    await this.#beforeWrite();
    await this.#session.ask(
      `DELETE FROM ${this.#layout.table} t USING unnest($1::text[]) AS u(id) WHERE ${this.#isKey}`,
      [text],
    );
  }

  async update(change: PointChange): Promise<void> {
    const { key, table, vectors } = this.#layout;
    const changes = checkChange(HOLDER, this.#spec, change);
    await this.#beforeWrite();
    const values: (Buffer | null)[] = [held('the id', change, () => keyBytes(key.ids, change.id))];
    const sets: string[] = [];
    const set = (column: string, type: string, value: Buffer | null) =>
      sets.push(`${quoted(column)} = $${values.push(value)}::${type}`);
    for (const vector of vectors) {
      const value = vectorIn(change.vectors ?? {}, vector.field.name);
      if (value === undefined) continue;
      const bytes = held(`vector "${vector.field.name}"`, change, () => vectorBytes(vector, value));
      set(vector.column, WIRE_TYPES[vector.native], bytes);
    }
    for (const part of ['text', 'uri'] as const) {
      const text = change[part];
      if (text === undefined) continue;
      const column = this.#layout[part];
      if (column === undefined)
        throw new FailureError(`the collection keeps no ${part}`, { where: 'pgvector' });
      set(
        column,
        'text',
        held(`the ${part}`, change, () => textBytes(text)),
      );
    }
    for (const { name, column, type, native } of writtenFields(this.#layout)) {
      if (!Object.hasOwn(changes, name)) continue;
      const bytes = held(`field "${name}"`, change, () =>
        valueBytes(type, requireExact(native, changes[name])),
      );
      set(column, COLUMN_TYPES[type], bytes);
    }
    const where = `WHERE ${quoted(key.column)} = $1::${key.wire}`;
    const sql =
      sets.length === 0
        ? `SELECT 1 FROM ${table} ${where}`
        : `UPDATE ${table} SET ${sets.join(', ')} ${where} RETURNING 1`;
    if ((await this.#session.ask(sql, values)).length === 0) {
      throw new FailureError(`there is no point with id ${shorten(change.id)}`, { where: 'pgvector' });
    }
  }

  async snapshot(at?: string): Promise<Snapshot> {
    if (at !== undefined) {
      throw new FailureError('a snapshot cannot be opened again', { where: 'pgvector', got: at });
    }
    return new PgSnapshot(await this.#snapshot(), this.#layout);
  }

  async describe(): Promise<Description> {
    const { layout, indexes } = await describeTable(this.#session, this.#layout.name, this.#layout.as);
    const first = layout.vectors[0]!;
    const index = indexes.find(({ column, valid }) => column === first.column && valid);
    const [count] = await this.#session.query(`SELECT count(*) FROM ${layout.table}`);
    return {
      spec: specOf(layout),
      ids: layout.key.ids,
      index: index?.parameters ?? { type: 'flat' },
      fields: layout.fields.map(({ name, type, native, nullable }) => ({ name, type, native, nullable })),
      count: Number(count![0]),
      mark: layout.index === undefined ? null : { by: layout.madeBy ?? null },
      indexes: indexesOf(layout, indexes),
      ...(await factsOf(this.#session, layout)),
    };
  }

  async matching(filter: Filter): Promise<number> {
    const { table, fields } = this.#layout;
    requireFields(
      'pgvector',
      filter,
      fields.filter(({ type }) => type !== null) as ((typeof fields)[number] & FieldSchema)[],
    );
    const { sql, parameters } = sqlFilter(filter, 1, fields);
    const [row] = await this.#session.ask(`SELECT count(*) FROM ${table} WHERE ${sql}`, [...parameters]);
    return Number(row![0]);
  }

  /** What points are checked against: columns that can be written. */
  get #spec() {
    return {
      ...specOf(this.#layout),
      ids: this.#layout.key.ids,
      fields: writtenFields(this.#layout),
      index: {},
    };
  }

  get #isKey(): string {
    const { column, wire } = this.#layout.key;
    return `t.${quoted(column)} = u.id::${wire}`;
  }

  /** Ids that no column can hold are not there. */
  #idsText(ids: readonly PointId[]): string {
    checkIds(HOLDER, this.#layout.key.ids, ids);
    return arrayText(ids.map(String).filter((id) => !id.includes('\0')));
  }
}

function specOf(layout: Layout): Description['spec'] {
  const part = (column: string | undefined) => (column === undefined ? undefined : true);
  return {
    name: layout.name,
    vectors: layout.vectors.map(({ field }) => field),
    text: part(layout.text),
    uri: part(layout.uri),
    tenant: part(layout.tenant),
  };
}

function held(what: string, { id }: PointChange, make: () => Buffer | null): Buffer | null {
  try {
    return make();
  } catch (error) {
    throw new FailureError(`${what} of id ${shorten(id)} cannot be held`, {
      where: 'pgvector',
      got: shorten(error),
      cause: error,
    });
  }
}
