import type { Point } from '../../engines/contract/points.js';
import type { VectorValue } from '../../engines/contract/vectors.js';
import { isMulti, isSparse, vectorIn } from '../../engines/kit/vectors.js';

/** `re-embedded`: same text, another vector. `same`: same text and vector. `unknown`: nothing follows from these two. */
export type Evidence = 'same' | 're-embedded' | 'unknown';

/** Cosine similarity below which two vectors of one text are of two models; rounding and half floats stay above. */
const SAME_VECTOR = 0.999;

/** What the newer state of a row says about the model that made its vectors. */
export function evidenceOf(before: Point, after: Point): Evidence {
  if (before.text === undefined || before.text !== after.text) return 'unknown';
  let compared = false;
  for (const [name, value] of Object.entries(after.vectors)) {
    const old = vectorIn(before.vectors, name);
    if (old === undefined || !isFloats(old) || !isFloats(value)) continue;
    compared = true;
    if (old.length !== value.length || cosine(old, value) < SAME_VECTOR) return 're-embedded';
  }
  return compared ? 'same' : 'unknown';
}

/** Updates that are needed before anything is said, and the share of them that says it. */
const ENOUGH = 20;
const SHARE = 0.5;
/** Updates that count: what was long ago says nothing of the model of today. Older ones fade. */
const RECENT = 100;

/**
 * Sees by evidence whether rows are being embedded anew: updates that change the vector and leave the text as it was. One
 * such row is a correction; many of those whose text stays are another model.
 */
export class ReembeddingWatch {
  readonly #same: number;
  readonly #changed: number;

  constructor(same = 0, changed = 0) {
    this.#same = same;
    this.#changed = changed;
  }

  /** What is known with these updates, too. */
  with(updates: readonly { before: Point; after: Point }[]): ReembeddingWatch {
    const seen = updates.map(({ before, after }) => evidenceOf(before, after));
    const number = (kind: Evidence) => seen.filter((each) => each === kind).length;
    const [same, changed] = [this.#same + number('same'), this.#changed + number('re-embedded')];
    const kept = Math.min(1, RECENT / Math.max(1, same + changed));
    return new ReembeddingWatch(same * kept, changed * kept);
  }

  get evident(): boolean {
    return this.#changed >= ENOUGH && this.#changed > SHARE * (this.#same + this.#changed);
  }

  /** Recent updates of rows whose text stayed: with another vector, and all. */
  get counts(): { reembedded: number; of: number } {
    return { reembedded: Math.round(this.#changed), of: Math.round(this.#same + this.#changed) };
  }
}

function isFloats(value: VectorValue): value is Float32Array {
  return !isSparse(value) && !isMulti(value) && value instanceof Float32Array;
}

/** 1 for two vectors of length 0. */
function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, left, right] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    left += a[i]! * a[i]!;
    right += b[i]! * b[i]!;
  }
  return left === 0 && right === 0 ? 1 : dot / Math.sqrt(left * right);
}
