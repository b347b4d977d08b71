import type { PointId } from '../../../engines/contract/ids.js';
import type { Point, Points } from '../../../engines/contract/points.js';
import { BEFORE_CAPTURE, keyText, type NewChange, type RowKey } from '../../changes/change.js';
import { CollectionTarget } from '../../changes/collection-target.js';
import type { Applied, ChangeTarget, StoredRow, Write } from '../../changes/target.js';
import type { RowVersion, VersionStore } from '../../changes/versions.js';
import type { Process, Schedule } from './schedule.js';

/** What a store holds, whichever process asks. */
export class StoreState {
  /** Of a store that keeps versions with its rows: rows and tombstones. */
  readonly rows = new Map<string, StoredRow & RowKey>();
  /** Of a collection of an engine, with versions beside it. */
  readonly points = new Map<PointId, Point>();
  readonly versions = new Map<string, RowVersion>();
  readonly locks = new Map<string, Process>();

  readonly kind: 'own' | 'engine';

  constructor(kind: 'own' | 'engine') {
    this.kind = kind;
  }

  /** Rows that are served. */
  served(): Map<PointId, Point> {
    if (this.kind === 'engine') return new Map(this.points);
    return new Map(
      [...this.rows.values()].flatMap(({ id, point }) => (point === undefined ? [] : [[id, point]])),
    );
  }

  /** What the application writes past the log. */
  write(change: NewChange): void {
    const key = keyText(change);
    const there = this.rows.get(key);
    const { collection, id } = change;
    const point = change.kind === 'upsert' ? change.point : undefined;
    if (point === undefined && there === undefined) return;
    const version = there?.version ?? BEFORE_CAPTURE;
    if (point === undefined && version === BEFORE_CAPTURE) this.rows.delete(key);
    else this.rows.set(key, { collection, id, version, deleted: point === undefined, point });
  }

  release(process: Process): void {
    for (const [key, owner] of this.locks) if (owner === process) this.locks.delete(key);
  }
}

/** A store that keeps a version with each row, and tombstones: conditional writes, row by row. */
export class OwnStore implements ChangeTarget {
  readonly place: string;
  readonly condition = 'atomic';
  readonly #state: StoreState;
  readonly #schedule: Schedule;
  readonly #process: Process;

  constructor(state: StoreState, schedule: Schedule, process: Process, place: string) {
    this.place = place;
    this.#state = state;
    this.#schedule = schedule;
    this.#process = process;
  }

  apply(changes: readonly Write[]): Promise<readonly Applied[]> {
    const effect = (share: number) =>
      changes.slice(0, Math.ceil(share * changes.length)).map((change) => this.#apply(change));
    return this.#schedule.call(this.#process, `${this.place} applies ${words(changes)}`, effect);
  }

  #apply(change: Write): Applied {
    const { rows } = this.#state;
    const key = keyText(change);
    const there = rows.get(key);
    if (there !== undefined && (change.version === BEFORE_CAPTURE || change.version <= there.version))
      return 'superseded';
    const { collection, id, version } = change;
    const point = change.kind === 'upsert' ? change.point : undefined;
    rows.set(key, { collection, id, version, deleted: point === undefined, point });
    return 'applied';
  }

  read(keys: readonly RowKey[]): Promise<readonly (StoredRow | undefined)[]> {
    const effect = () => keys.map((key) => this.#state.rows.get(keyText(key)));
    return this.#schedule.call(this.#process, `reads ${this.place}`, effect);
  }
}

/** A collection of an engine without conditions, through the real `CollectionTarget`. */
export function engineStore(
  state: StoreState,
  schedule: Schedule,
  process: Process,
  place: string,
): ChangeTarget {
  const ask = <T>(what: string, effect: (share: number) => T) =>
    schedule.call(process, `${place} ${what}`, effect);
  const some = <T>(all: readonly T[], share: number) => all.slice(0, Math.ceil(share * all.length));
  const put = (points: readonly Point[]) => points.forEach((point) => void state.points.set(point.id, point));
  const points: Pick<Points, 'upsert' | 'insertMissing' | 'delete' | 'get'> = {
    upsert: (all) => ask(`upserts ${all.map(({ id }) => id)}`, (share) => put(some(all, share))),
    insertMissing: (all) =>
      ask(`inserts ${all.map(({ id }) => id)}`, (share) =>
        put(some(all, share).filter(({ id }) => !state.points.has(id))),
      ),
    delete: (ids) =>
      ask(`deletes ${ids}`, (share) => some(ids, share).forEach((id) => void state.points.delete(id))),
    get: (ids) => ask('gets', () => ids.flatMap((id) => state.points.get(id) ?? [])),
  };
  const versions = simVersions(state, schedule, process, place);
  return new CollectionTarget({ place, points: points as Points, versions });
}

/** Versions in a database, whose locks end with the connection of the process that holds them. */
function simVersions(state: StoreState, schedule: Schedule, process: Process, place: string): VersionStore {
  const known = (keys: readonly string[]) =>
    new Map(
      keys.flatMap((key) => (state.versions.has(key) ? [[key, state.versions.get(key)!] as const] : [])),
    );
  return {
    change: async (keys, work) => {
      const lock = () => {
        for (const key of keys) state.locks.set(key, process);
        return known(keys);
      };
      const ready = () => keys.every((key) => !state.locks.has(key));
      const before = await schedule.call(process, `${place} locks`, lock, { ready, mayFail: false });
      try {
        const rows = await work(before);
        await schedule.call(process, `${place} stores versions`, () => {
          for (const [key, row] of rows) state.versions.set(key, row);
        });
      } finally {
        for (const key of keys) state.locks.delete(key);
      }
    },
    read: (keys) => schedule.call(process, `${place} reads versions`, () => known(keys)),
    tombstones: () => Promise.reject(new Error('not asked here')),
  };
}

function words(changes: readonly Write[]): string {
  return changes
    .map(({ id, version, kind }) => `${id} v${version}${kind === 'delete' ? ' gone' : ''}`)
    .join(', ');
}
