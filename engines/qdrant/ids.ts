import { createHash } from 'node:crypto';
import type { IdKind, PointId } from '../contract/ids.js';
import type { Json } from './json.js';

/** Payload key that keeps an id which the server cannot hold; other keys of records are the user's own. */
export const ID_KEY = '_vecproof_id';
/** Of all ids that are no UUIDs: a UUID of its own, drawn once. */
const NAMESPACE = Buffer.from('5d2f1c0e3f6b4b0e9d6a7a4c1e8b0f27', 'hex');
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** UUID of version 5: the same text always gives the same one. */
export function uuidOf(text: string): string {
  const hash = createHash('sha1').update(NAMESPACE).update(text, 'utf8').digest().subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/**
 * The server's id: an unsigned 64-bit integer or a UUID. Texts of a collection with ids of kind `string` become UUIDs
 * of version 5, all of them, also those that are UUIDs. `kind` null: a collection of others, whose ids are their own.
 */
export function nativeId(kind: IdKind | null, id: PointId): bigint | string {
  if (typeof id === 'bigint') return id;
  return kind === 'string' ? uuidOf(id) : id;
}

/** Whether the server could hold it at all: what it cannot hold is not there. */
export function isNativeId(id: bigint | string): boolean {
  return typeof id === 'bigint' ? id >= 0n && id < 2n ** 64n : UUID.test(id);
}

/** What goes into the payload beside the metadata. */
export function keptId(kind: IdKind | null, id: PointId): { [key: string]: Json } {
  return kind === 'string' ? { [ID_KEY]: id } : {};
}

/** The id as its owner wrote it. */
export function ownId(native: number | bigint | string, payload: Readonly<Record<string, unknown>>): PointId {
  const kept = payload[ID_KEY];
  if (typeof kept === 'string') return kept;
  return typeof native === 'string' ? native : BigInt(native);
}
