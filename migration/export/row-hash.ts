import { hash } from 'node:crypto';
import type { Point } from '../../engines/contract/points.js';
import { canonicalBytes, type PointShape } from './canonical.js';

/** SHA-256 of a point's canonical bytes. */
export function pointHash(shape: PointShape, point: Point): Buffer {
  return hash('sha256', canonicalBytes(shape, point), 'buffer');
}

/** The same as a text of its bytes, for `RowSum.addBytes`. */
export function pointBytes(shape: PointShape, point: Point): string {
  return hash('sha256', canonicalBytes(shape, point), 'binary');
}

/** Numbers of 32 bits, the lowest first, that make up a sum. */
const LIMBS = 8;
const LIMB = 2 ** 32;
/** Sums of so many limbs are exact in a double. */
const ROWS_BETWEEN_CARRIES = 2 ** 20;

/**
 * Hash of a multiset of points that does not depend on their order: the sum of their hashes, as big-endian integers,
 * modulo 2^256 (AdHash of Bellare and Micciancio, 1997, with SHA-256). It tells accidents apart, not forgeries: a part's
 * own SHA-256 in the manifest does that.
 */
export class RowSum {
  readonly #limbs = new Float64Array(LIMBS);
  #rows = 0;
  #adds = 0;

  add(hash: Buffer): void {
    for (let i = 0; i < LIMBS; i++) this.#limbs[i]! += hash.readUInt32BE(28 - 4 * i);
    this.#rows++;
    if (++this.#adds === ROWS_BETWEEN_CARRIES) this.#carry();
  }

  /** The same of a hash as a text of its bytes (`binary`), which costs half of what a buffer does. */
  addBytes(hash: string): void {
    for (let i = 0; i < LIMBS; i++) {
      const at = 28 - 4 * i;
      this.#limbs[i]! +=
        hash.charCodeAt(at) * 2 ** 24 +
        ((hash.charCodeAt(at + 1) << 16) | (hash.charCodeAt(at + 2) << 8) | hash.charCodeAt(at + 3));
    }
    this.#rows++;
    if (++this.#adds === ROWS_BETWEEN_CARRIES) this.#carry();
  }

  get rows(): number {
    return this.#rows;
  }

  /** Adds the sum of other points. */
  join({ rows, sum }: SumOfRows): void {
    this.add(Buffer.from(sum, 'hex'));
    this.#rows += rows - 1;
  }

  result(): SumOfRows {
    this.#carry();
    const digits = Array.from(this.#limbs, (limb) => limb.toString(16).padStart(8, '0'));
    return { rows: this.#rows, sum: digits.reverse().join('') };
  }

  /** What goes beyond 2^256 is dropped. */
  #carry(): void {
    let carried = 0;
    for (let i = 0; i < LIMBS; i++) {
      const value = this.#limbs[i]! + carried;
      this.#limbs[i] = value % LIMB;
      carried = Math.floor(value / LIMB);
    }
    this.#adds = 0;
  }
}

export interface SumOfRows {
  rows: number;
  /** 64 hexadecimal digits. */
  sum: string;
}
