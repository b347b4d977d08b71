import { createHash } from 'node:crypto';
import type { IdKind, PointId } from '../contract/ids.js';
import type { Json } from './json.js';
import { ID_KEY } from './keys.js';

/** Of all ids that are no UUIDs: a UUID of its own, drawn once. */
const NAMESPACE = Buffer.from('5d2f1c0e3f6b4b0e9d6a7a4c1e8b0f27', 'hex');
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** UUID of version 5: the same text always gives the same one. */
export function uuidOf(text: string): string {
  const hash = createHash('sha1').update(NAMESPACE).update(text, 'utf8').digest().subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hyphenated(hash.toString('hex'));
}

function hyphenated(hex: string): string {
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

/** The server's order: integers by value, then UUIDs by their bytes. */
export function isBefore(a: bigint | string, b: bigint | string): boolean {
  if (typeof a !== typeof b) return typeof a === 'bigint';
  return a < b;
}

/** The first id that could follow; undefined: none could. */
export function following(id: bigint | string): bigint | string | undefined {
  const next = typeof id === 'bigint' ? id + 1n : BigInt(`0x${id.replaceAll('-', '')}`) + 1n;
  if (typeof id === 'bigint') return next < 2n ** 64n ? next : hyphenated('0'.repeat(32));
  return next < 2n ** 128n ? hyphenated(next.toString(16).padStart(32, '0')) : undefined;
}
