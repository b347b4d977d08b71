import { FailureError, shorten } from '../../common/errors.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Point, Points } from '../../engines/contract/points.js';
import { BEFORE_CAPTURE, keyText, type RowKey } from './change.js';
import type { Applied, ChangeTarget, StoredRow, Write } from './target.js';
import type { RowVersion, VersionStore } from './versions.js';

/** What it needs of a store: any engine's `Points`, or as much of them written by hand. */
export type TargetPoints = Pick<Points, 'get' | 'upsert' | 'delete'> & Partial<Pick<Points, 'insertMissing'>>;

export interface CollectionTargetOptions {
  /** For people: without credentials. */
  place: string;
  points: TargetPoints;
  /** Versions and tombstones of this target alone. */
  versions: VersionStore;
  /** What a row becomes in the target (of a mapping): its id and its point. As they are, if absent. */
  idOf?: ((key: RowKey) => PointId) | undefined;
  pointOf?: ((point: Point) => Point) | undefined;
}

/**
 * A collection of an engine as the target of changes. Versions and tombstones are kept beside it: a row's version is
 * read, its point written, and the version stored, under a lock of the row. A crash between the last two leaves a point
 * that is newer than its version says; the same change then comes again.
 *
 * One row of the application is one id: where the same id is in two tenants, `idOf` has to keep them apart.
 */
export class CollectionTarget implements ChangeTarget {
  readonly place: string;
  readonly condition = 'locked';
  readonly #points: TargetPoints;
  readonly #versions: VersionStore;
  readonly #idOf: (key: RowKey) => PointId;
  readonly #pointOf: (point: Point) => Point;

  constructor({ place, points, versions, idOf, pointOf }: CollectionTargetOptions) {
    this.place = place;
    this.#points = points;
    this.#versions = versions;
    this.#idOf = idOf ?? (({ id }) => id);
    this.#pointOf = pointOf ?? ((point) => point);
  }

  kept(point: Point): Point {
    return this.#pointOf(point);
  }

  async apply(changes: readonly Write[], signal?: AbortSignal): Promise<readonly Applied[]> {
    const outcomes = new Map<string, Applied>();
    const keys = changes.map(keyText);
    await this.#versions.change(keys, async (known) => {
      const there = await this.#there(changes, known);
      const due = changes.filter((change) => isDue(change, known.get(keyText(change)), there));
      await this.#write(due, signal);
      await this.#requireDone(due.filter(isCaptured));
      for (const key of keys) outcomes.set(key, 'superseded');
      for (const change of due) outcomes.set(keyText(change), 'applied');
      return new Map(due.filter(isCaptured).map((change) => [keyText(change), versionOf(change)]));
    });
    return keys.map((key) => outcomes.get(key)!);
  }

  /** Of rows that are backfilled and of which nothing is known: those that the target has. */
  async #there(changes: readonly Write[], known: ReadonlyMap<string, RowVersion>): Promise<Set<string>> {
    const unknown = changes.filter((change) => !isCaptured(change) && !known.has(keyText(change)));
    if (unknown.length === 0) return new Set();
    const ids = unknown.map((change) => this.#idOf(change));
    const found = new Set((await this.#points.get(ids)).map(({ id }) => id));
    return new Set(unknown.filter((_, i) => found.has(ids[i]!)).map(keyText));
  }

  async #write(due: readonly Write[], signal?: AbortSignal): Promise<void> {
    const upserts = due.flatMap((change) =>
      change.kind === 'upsert' ? [{ change, point: this.#pointOf(change.point) }] : [],
    );
    const [replaced, inserted] = [true, false].map((captured) =>
      upserts.filter(({ change }) => isCaptured(change) === captured).map(({ point }) => point),
    );
    const deleted = due.filter(({ kind }) => kind === 'delete').map((change) => this.#idOf(change));
    if (inserted!.length > 0) {
      if (this.#points.insertMissing === undefined) await this.#points.upsert(inserted!, signal);
      else await this.#points.insertMissing(inserted!, signal);
    }
    if (replaced!.length > 0) await this.#points.upsert(replaced!, signal);
    if (deleted.length > 0) await this.#points.delete(deleted);
  }

  /**
   * A version that is stored is never written again: what an engine has acknowledged and not done would stay so. A
   * change that is not there is an error, and comes again as one that was never applied.
   */
  async #requireDone(due: readonly Write[]): Promise<void> {
    if (due.length === 0) return;
    const ids = due.map((change) => this.#idOf(change));
    const found = new Set((await this.#points.get(ids)).map(({ id }) => id));
    const undone = due.find(({ kind }, i) => found.has(ids[i]!) !== (kind === 'upsert'));
    if (undone === undefined) return;
    const what = undone.kind === 'upsert' ? 'is not there' : 'is still there';
    throw new FailureError(`the change of ${shorten(undone.id)} was acknowledged, and the row ${what}`, {
      where: this.place,
      next: 'nothing of it is noted as done; the same change may come again',
    });
  }

  async read(keys: readonly RowKey[]): Promise<readonly (StoredRow | undefined)[]> {
    const texts = keys.map(keyText);
    let versions = await this.#versions.read(texts);
    for (let attempt = 1; ; attempt++) {
      const rows = await this.#rows(keys, versions);
      // A row whose point is not what its version says may be one that somebody has written between the two reads.
      const torn = texts.filter((_, i) => isTorn(rows[i]));
      if (torn.length === 0 || attempt === READS) return rows;
      const now = await this.#versions.read(texts);
      if (torn.every((key) => now.get(key)?.version === versions.get(key)?.version)) return rows;
      versions = now;
    }
  }

  async #rows(
    keys: readonly RowKey[],
    versions: ReadonlyMap<string, RowVersion>,
  ): Promise<(StoredRow | undefined)[]> {
    const ids = keys.map((key) => this.#idOf(key));
    const points = new Map((await this.#points.get(ids)).map((point) => [point.id, point]));
    return keys.map((key, i) => {
      const [version, point] = [versions.get(keyText(key)), points.get(ids[i]!)];
      if (point !== undefined) this.#requireTenant(key, point);
      if (version === undefined && point === undefined) return undefined;
      return { version: BEFORE_CAPTURE, deleted: false, ...version, point };
    });
  }

  #requireTenant({ tenant, id }: RowKey, point: Point): void {
    if (point.tenant === undefined || tenant === undefined || point.tenant === tenant) return;
    throw new FailureError(`id ${shorten(id)} of tenant ${shorten(tenant)} is a point of another tenant`, {
      where: this.place,
      got: point.tenant,
      next: 'give rows of two tenants two ids (idOf)',
    });
  }
}

/** Of rows that are written all the time. */
const READS = 10;

function isTorn(row: StoredRow | undefined): boolean {
  return row !== undefined && row.deleted !== (row.point === undefined);
}

function isCaptured({ version }: Write): boolean {
  return version !== BEFORE_CAPTURE;
}

function isDue(change: Write, known: RowVersion | undefined, there: ReadonlySet<string>): boolean {
  if (isCaptured(change)) return known === undefined || known.version < change.version;
  return known === undefined && !there.has(keyText(change));
}

function versionOf({ version, kind, embeddingVersion }: Write): RowVersion {
  return { version, deleted: kind === 'delete', embeddingVersion };
}
