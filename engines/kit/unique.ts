import type { PointId } from '../contract/ids.js';

/** Keys of one pass: a set of so many takes some 100 MB. */
const MOST = 1_000_000;

/**
 * A key that comes twice; undefined: all differ. Memory is bounded: where there are many, they are read several times,
 * each time another share of them is looked at.
 *
 * @param read all keys, in any order, each time the same
 */
export async function firstDuplicate(
  read: () => AsyncIterable<readonly PointId[]>,
  count: number,
  most = MOST,
): Promise<PointId | undefined> {
  const passes = Math.max(1, Math.ceil(count / most));
  for (let pass = 0; pass < passes; pass++) {
    const seen = new Set<PointId>();
    for await (const keys of read()) {
      for (const key of keys) {
        if (passes > 1 && hash(String(key)) % passes !== pass) continue;
        if (seen.has(key)) return key;
        seen.add(key);
      }
    }
  }
  return undefined;
}

/** FNV-1a of the code units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
