import { createHash } from 'node:crypto';
import type { Point } from '../../engines/contract/points.js';
import { canonicalPoint, type PointShape } from './canonical.js';

/** SHA-256 of a point's canonical bytes. */
export function pointHash(shape: PointShape, point: Point): Buffer {
  const { id, vectors, metadata, parts } = canonicalPoint(shape, point);
  return createHash('sha256').update(id).update(vectors).update(metadata).update(parts).digest();
}

const MODULUS = 1n << 256n;

/**
 * Hash of a multiset of points that does not depend on their order: the sum of their hashes, as big-endian integers,
 * modulo 2^256 (AdHash of Bellare and Micciancio, 1997, with SHA-256). It tells accidents apart, not forgeries: a part's
 * own SHA-256 in the manifest does that.
 */
export class RowSum {
  #sum = 0n;
  #rows = 0;

  add(hash: Buffer): void {
    this.#sum += BigInt(`0x${hash.toString('hex')}`);
    this.#rows++;
    // Kept small, not reduced at every row.
    if ((this.#rows & 1023) === 0) this.#sum %= MODULUS;
  }

  /** Adds the sum of other points. */
  join({ rows, sum }: SumOfRows): void {
    this.#sum = (this.#sum + BigInt(`0x${sum}`)) % MODULUS;
    this.#rows += rows;
  }

  result(): SumOfRows {
    return { rows: this.#rows, sum: (this.#sum % MODULUS).toString(16).padStart(64, '0') };
  }
}

export interface SumOfRows {
  rows: number;
  /** 64 hexadecimal digits. */
  sum: string;
}
