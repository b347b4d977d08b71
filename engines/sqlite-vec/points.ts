import { FailureError, shorten } from '../../common/errors.js';
import type { MetadataValue } from '../../datasets/dataset.js';
import type { Filter } from '../../filters/filter.js';
import type { PointId } from '../contract/ids.js';
import type { Description, Point, PointChange, Points, Snapshot } from '../contract/points.js';
import type { NamedVectors } from '../contract/vectors.js';
import { checkChange, checkIds, checkPoints, flatten } from '../kit/check.js';
import { requireFields } from '../kit/load.js';
import { vectorIn } from '../kit/vectors.js';
import { HOLDER } from './capabilities.js';
import { COLUMN_TYPES, type SideSource } from './fields.js';
import { sqlFilter } from './filter.js';
import { SqliteSnapshot } from './snapshot.js';
import type { Tables } from './tables.js';

/** What a collection gives its points. */
export interface PointsPlace {
  readonly name: string;
  readonly file: string;
  /** Throws FailureError once the collection is gone. */
  tables(): Tables;
  /** Awaited before anything is changed. */
  beforeWrite(): void;
  /** Snapshots that are open, for whoever closes the connection. */
  snapshots: Set<SqliteSnapshot>;
}

export class SqlitePoints implements Points {
  readonly #place: PointsPlace;

  constructor(place: PointsPlace) {
    this.#place = place;
  }

  async upsert(points: readonly Point[], signal?: AbortSignal): Promise<void> {
    this.#write(points, () => true, signal);
  }

  async insertMissing(points: readonly Point[], signal?: AbortSignal): Promise<void> {
    const tables = this.#place.tables();
    this.#write(points, ({ id }) => tables.numberOf(id) === undefined, signal);
  }

  /** One after the other, so that of two with one id the last one stays; all or none. */
  #write(points: readonly Point[], wanted: (point: Point) => boolean, signal?: AbortSignal): void {
    signal?.throwIfAborted();
    const tables = this.#place.tables();
    checkPoints(HOLDER, this.#spec, points);
    if (points.length === 0) return;
    this.#place.beforeWrite();
    const write = tables.writer();
    tables.change(() => {
      for (const point of points) {
        if (wanted(point))
          write(point.id, this.#values(point.vectors), sourceOf(point, flatten(point.metadata)));
      }
    });
  }

  async get(ids: readonly PointId[]): Promise<Point[]> {
    const tables = this.#place.tables();
    checkIds(HOLDER, tables.info.ids, ids);
    const read = tables.reader();
    return ids.flatMap((id) => {
      const n = tables.numberOf(id);
      return n === undefined ? [] : [read(n, id)];
    });
  }

  async delete(ids: readonly PointId[]): Promise<void> {
    const tables = this.#place.tables();
    checkIds(HOLDER, tables.info.ids, ids);
    if (ids.length === 0) return;
    this.#place.beforeWrite();
    const remove = tables.remover(true);
    tables.change(() => {
      for (const id of ids) {
        const n = tables.numberOf(id);
        if (n !== undefined) remove(n);
      }
    });
  }

  /** Reads the whole point and writes it again, in one transaction. */
  async update(change: PointChange): Promise<void> {
    const tables = this.#place.tables();
    const changes = checkChange(HOLDER, this.#spec, change);
    for (const part of ['text', 'uri'] as const) {
      if (change[part] !== undefined && tables.info[part] !== true) {
        throw new FailureError(`the collection keeps no ${part}`, { where: 'sqlite-vec' });
      }
    }
    this.#place.beforeWrite();
    const [read, write] = [tables.reader(), tables.writer()];
    tables.change(() => {
      const n = tables.numberOf(change.id);
      if (n === undefined) {
        throw new FailureError(`there is no point with id ${shorten(change.id)}`, { where: 'sqlite-vec' });
      }
      const point = read(n, change.id);
      const { text = point.text, uri = point.uri } = change;
      const flat = { ...flatten(point.metadata), ...changes };
      write(
        change.id,
        this.#values({ ...point.vectors, ...change.vectors }),
        sourceOf({ ...point, text, uri }, flat),
      );
    });
  }

  async snapshot(at?: string): Promise<Snapshot> {
    if (at !== undefined) {
      throw new FailureError('a snapshot cannot be opened again', { where: 'sqlite-vec', got: at });
    }
    this.#place.tables();
    const { name, file, snapshots } = this.#place;
    const snapshot = new SqliteSnapshot(name, file, () => snapshots.delete(snapshot));
    snapshots.add(snapshot);
    return snapshot;
  }

  async matching(filter: Filter): Promise<number> {
    const { database, side } = this.#place.tables();
    requireFields('sqlite-vec', filter, side.fields);
    const { sql, parameters } = sqlFilter(filter, side.fields);
    const count = database.prepare(`select count(*) from metadata where ${sql}`).pluck();
    return Number(count.get(...parameters));
  }

  async describe(): Promise<Description> {
    const tables = this.#place.tables();
    const { ids, fields, index, vectors, text, uri, tenant, madeBy } = tables.info;
    return {
      spec: { name: this.#place.name, vectors, text, uri, tenant },
      ids,
      index,
      fields: fields.map((each) => ({ ...each, native: COLUMN_TYPES[each.type] })),
      count: tables.count(),
      mark: { by: madeBy ?? null },
    };
  }

  get #spec() {
    return { name: this.#place.name, ...this.#place.tables().info };
  }

  #values(vectors: NamedVectors) {
    const fields = this.#place.tables().info.vectors;
    return (i: number) => vectorIn(vectors, fields[i]!.name);
  }
}

function sourceOf(point: Point, flat: Readonly<Record<string, MetadataValue>>): SideSource {
  return {
    field: (name) => (Object.hasOwn(flat, name) ? flat[name] : undefined),
    part: (part) => point[part],
  };
}
