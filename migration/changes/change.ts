import { isDeepStrictEqual } from 'node:util';
import { InputError, shorten } from '../../common/errors.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Point } from '../../engines/contract/points.js';
import { decodePoint, encodePoint } from './encode.js';

/**
 * A change of one row of the application, as it stands in a change log.
 *
 * - `position` orders a log: what is read is in its order, and cursors are positions.
 * - `version` orders the changes of one row: of two of them, the larger is the newer, whatever their positions. Whoever
 *   applies changes compares versions and never writes an older one over a newer.
 * - `idempotencyKey` names the mutation: the same key is in the log once, however often it is sent.
 * - `at` is for measuring staleness alone. Clocks of several machines order nothing.
 */
export type Change = RowChange | Marker;

/** Place in a log. Only its order means something: of two positions of one log, the larger comes later. Of any size. */
export type Position = bigint;

/** Of a row as it was before its changes were logged: a backfill writes only where nothing is known yet. */
export const BEFORE_CAPTURE = 0n;

/** Which row: changes of one row have an order, those of two rows have none. */
export interface RowKey {
  collection: string;
  /** Part of the key: the same id may be in two tenants. */
  tenant?: string | undefined;
  id: PointId;
}

interface Mutation extends RowKey {
  idempotencyKey: string;
  /**
   * Which model (and settings) made the point's vectors, in the application's words. An event is held until both sides
   * take this version. Absent: the application says nothing.
   */
  embeddingVersion?: string | undefined;
  /** Milliseconds since 1970 by the writer's clock. */
  at: number;
}

export interface UpsertMutation extends Mutation {
  kind: 'upsert';
  /** The whole row after the change. */
  point: Point;
}

export interface DeleteMutation extends Mutation {
  kind: 'delete';
}

/** A change before a log has it. */
export type NewChange = UpsertMutation | DeleteMutation;

/** What a log adds. */
export interface Logged {
  position: Position;
  version: bigint;
}

export type RowChange = NewChange & Logged;

/** An entry that changes nothing: once it has been read, everything logged from then on will be. */
export interface Marker extends Logged {
  kind: 'marker';
  collection: string;
  name: string;
  at: number;
}

/** A row's key as text; two rows have two texts. `7n` and `'7'` are two ids, and no tenant is none of the tenants. */
export function keyText({ collection, tenant, id }: RowKey): string {
  return JSON.stringify([collection, tenant ?? null, typeof id === 'bigint' ? 'i' : 's', String(id)]);
}

/** Of each row the newest change; the order is that of their first appearance. */
export function newestOfEachRow<C extends RowKey & { version: bigint }>(changes: readonly C[]): C[] {
  const newest = new Map<string, C>();
  for (const change of changes) {
    const key = keyText(change);
    const there = newest.get(key);
    if (there === undefined || there.version < change.version) newest.set(key, change);
  }
  return [...newest.values()];
}

/**
 * A mutation that is sent again has to be the one that was sent before: who uses a key twice would be told that the second
 * mutation has taken effect. When it was sent does not count.
 * @throws InputError otherwise
 */
export function requireSame(sent: NewChange, there: NewChange, place: string): void {
  const isSame =
    sent.kind === there.kind &&
    keyText(sent) === keyText(there) &&
    sent.embeddingVersion === there.embeddingVersion &&
    (sent.kind === 'delete' || isDeepStrictEqual(plain(sent.point), plain((there as UpsertMutation).point)));
  if (isSame) return;
  const words = ({ kind, id }: NewChange) => `${kind} of ${shorten(id)}`;
  throw new InputError(
    `the idempotency key is that of another mutation (${words(there)}); this ${words(sent)} was not taken`,
    {
      where: `${place}, idempotency key ${shorten(sent.idempotencyKey)}`,
      next: 'give every mutation a key of its own, and send one again only as it was',
    },
  );
}

/** As a log gives it back, from whatever objects it is made of. */
function plain(point: Point): Point {
  return decodePoint(encodePoint(point));
}
