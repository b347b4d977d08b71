import { createHash } from 'node:crypto';
import type { PointId } from '../../engines/contract/ids.js';

/**
 * Finds ids of a target that would come twice. The first pass keeps 64 bits of a hash of each, 8 bytes a point; those
 * that come twice are suspects, and the second pass compares them in full.
 */
export class Collisions {
  #hashes = new BigUint64Array(1024);
  #length = 0;

  add(id: PointId): void {
    if (this.#length === this.#hashes.length) {
      const larger = new BigUint64Array(this.#length * 2);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes[this.#length++] = hashOf(id);
  }

  /** Hashes that came more than once; the list of all is given up. */
  suspects(): ReadonlySet<bigint> {
    const sorted = this.#hashes.subarray(0, this.#length).sort();
    const twice = new Set<bigint>();
    for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) twice.add(sorted[i]!);
    this.#hashes = new BigUint64Array(0);
    return twice;
  }
}

export function hashOf(id: PointId): bigint {
  return createHash('sha256')
    .update(`${typeof id === 'bigint' ? 'i' : 's'}${id}`)
    .digest()
    .readBigUInt64LE();
}
