import type { PointId } from '../../engines/contract/ids.js';

/**
 * Finds keys that come twice. The first pass keeps 53 bits of a hash of each, 8 bytes a point; those that come twice are
 * suspects, and the second pass compares them in full.
 */
export class Collisions {
  #hashes = new Float64Array(1024);
  #length = 0;

  add(id: PointId): void {
    if (this.#length === this.#hashes.length) {
      const larger = new Float64Array(this.#length * 2);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes[this.#length++] = hashOf(id);
  }

  /** Hashes that came more than once; the list of all is given up. */
  suspects(): ReadonlySet<number> {
    const sorted = this.#hashes.subarray(0, this.#length).sort();
    const twice = new Set<number>();
    for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) twice.add(sorted[i]!);
    this.#hashes = new Float64Array(0);
    return twice;
  }
}

/** 53 bits of two multiplicative hashes (FNV-1a with other primes): of five million keys, one pair is alike by chance in a thousand runs. */
export function hashOf(id: PointId): number {
  const text = typeof id === 'bigint' ? `i${id}` : id;
  let [high, low] = typeof id === 'bigint' ? [0x811c9dc5, 0x9747b28c] : [0x01000193, 0x5bd1e995];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x85ebca77);
    low ^= low >>> 15;
  }
  high = Math.imul(high ^ (high >>> 16), 0xc2b2ae3d) ^ low;
  return ((high ^ (high >>> 13)) >>> 0) * 0x200000 + (low >>> 11);
}
