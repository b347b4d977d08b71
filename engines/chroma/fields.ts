import type { FieldSchema, MetadataValue } from '../../datasets/dataset.js';
import type { FilterValue } from '../../filters/filter.js';

/**
 * What is given to the server as one value of metadata. It takes arrays, too, but does not clear them with their
 * collection: they come back in points that later collections get, also those of others. So none is ever written.
 */
export type ChromaValue = string | number | boolean;
export type ChromaMetadata = Record<string, ChromaValue>;

/** Beginning of all keys that are this adapter's own; none of them comes back to the user. */
export const OWN = 'vecproof.';
/** No point has this key: a condition on it holds for none or for all. */
export const NEVER_KEY = `${OWN}never`;

/**
 * Key of a field. The server refuses names that are empty or begin with `$` or `#`, swallows those that begin with
 * `chroma:`, and the client loses `__proto__`.
 */
export function keyOf(name: string): string {
  return /^($|[$#]|chroma:|vecproof\.|__proto__$)/.test(name) ? `${OWN}as:${name}` : name;
}

/** The reverse of `keyOf`; undefined for the other keys of this adapter. */
export function nameOf(key: string): string | undefined {
  if (key.startsWith(`${OWN}as:`)) return key.slice(OWN.length + 3);
  return key.startsWith(OWN) ? undefined : key;
}

/** Flag of points without a value: `$ne` matches missing keys, and nothing else tells them apart. */
export const noneKey = (name: string) => `${OWN}none:${name}`;
/** Flag of points whose array holds an element. */
export const elementKey = (name: string, element: FilterValue) =>
  `${OWN}has:${JSON.stringify([name, elementText(element)])}`;
/** Upper and lower 32 bits of a number that the server or JSON would round. */
export const highKey = (name: string) => `${OWN}high:${name}`;
export const lowKey = (name: string) => `${OWN}low:${name}`;

/** Two integers that together compare as the 64-bit integer does: upper half signed, lower half unsigned. */
export function split(bits: bigint): [high: number, low: number] {
  return [Number(bits >> 32n), Number(BigInt.asUintN(32, bits))];
}

function joined(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

const view = new DataView(new ArrayBuffer(8));

/** A 64-bit integer for each float, in the order of the floats; both zeros are one. */
export function orderedBits(value: number): bigint {
  view.setFloat64(0, value === 0 ? 0 : value);
  return flipped(view.getBigInt64(0));
}

function floatOf(bits: bigint): number {
  view.setBigInt64(0, flipped(bits));
  return view.getFloat64(0);
}

/** Negative floats are ordered the wrong way round by their bits; its own reverse. */
function flipped(bits: bigint): bigint {
  return bits < 0n ? bits ^ 0x7fff_ffff_ffff_ffffn : bits;
}

export function isSafe(value: unknown): value is number | bigint {
  return Number.isSafeInteger(Number(value));
}

/** One text for both zeros, which are equal. */
function elementText(element: FilterValue): string {
  return String(element === 0 ? 0 : element);
}

/**
 * The keys that hold one value. JSON numbers are exact as integers within ±(2^53 - 1) and nowhere else: the server
 * reads other floats with an error of one unit in the last place, and takes 2.5 for 2 where integers are among them.
 */
export function encodeField(
  { name, type }: Pick<FieldSchema, 'name' | 'type'>,
  value: MetadataValue,
): ChromaMetadata {
  if (value === null) return { [noneKey(name)]: true };
  if (typeof value === 'object') {
    return Object.fromEntries(value.map((each) => [elementKey(name, each as FilterValue), true]));
  }
  if (type === 'float') return wide(name, orderedBits(value as number));
  if (type === 'string' || type === 'boolean') return { [keyOf(name)]: value as string | boolean };
  return isSafe(value) ? { [keyOf(name)]: Number(value) } : wide(name, BigInt(value));
}

function wide(name: string, bits: bigint): ChromaMetadata {
  const [high, low] = split(bits);
  return { [highKey(name)]: high, [lowKey(name)]: low };
}

/** The value that `encodeField` has put into a point's metadata; undefined: none, or an array, which is not kept in order. */
export function decodeField(
  { name, type }: Pick<FieldSchema, 'name' | 'type'>,
  metadata: Readonly<Record<string, unknown>>,
): MetadataValue | undefined {
  const high = metadata[highKey(name)];
  const low = metadata[lowKey(name)];
  if (typeof high === 'number' && typeof low === 'number') {
    return type === 'float' ? floatOf(joined(high, low)) : joined(high, low);
  }
  const value = metadata[keyOf(name)];
  if (type === 'timestamp' && typeof value === 'number') return BigInt(value);
  return typeof value === 'object' ? undefined : (value as MetadataValue | undefined);
}
