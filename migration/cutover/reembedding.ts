import type { Point } from '../../engines/contract/points.js';
import type { VectorValue } from '../../engines/contract/vectors.js';
import { isMulti, isSparse, vectorIn } from '../../engines/kit/vectors.js';
import { VectorDrift } from './vector-drift.js';

/** `re-embedded`: same text, another vector. `same`: same text and vector. `unknown`: nothing follows from these two. */
export type Evidence = 'same' | 're-embedded' | 'unknown';

/** A row's state before an update and behind it. */
export interface Update {
  before: Point;
  after: Point;
}

/** Cosine similarity below which two vectors of one text are of two models; rounding and half floats stay above. */
const SAME_VECTOR = 0.999;

/** What the newer state of a row says about the model that made its vectors. */
export function evidenceOf(before: Point, after: Point): Evidence {
  const { vectors, model } = vectorsOf(before, after);
  if (model) return 're-embedded';
  if (before.text === undefined || before.text !== after.text) return 'unknown';
  if (vectors.some(({ isSame }) => !isSame)) return 're-embedded';
  return vectors.length > 0 ? 'same' : 'unknown';
}

interface Compared {
  old: Float32Array;
  now: Float32Array;
  isSame: boolean;
}

/** Dense vectors that both have; `model`: the rows themselves name two models, and have other vectors. */
function vectorsOf(before: Point, after: Point): { vectors: Compared[]; model: boolean } {
  const vectors = Object.entries(after.vectors).flatMap(([name, now]) => {
    const old = vectorIn(before.vectors, name);
    if (old === undefined || !isFloats(old) || !isFloats(now)) return [];
    return [{ old, now, isSame: old.length === now.length && cosine(old, now) >= SAME_VECTOR }];
  });
  const [was, is] = [before, after].map(({ provenance }) => provenance?.model);
  return {
    vectors,
    model: was !== undefined && is !== undefined && was !== is && vectors.some(({ isSame }) => !isSame),
  };
}

/** Updates that are needed before anything is said, and the share of them that says it. */
const ENOUGH = 20;
const SHARE = 0.5;
/** Updates that count: what was long ago says nothing of the model of today. Older ones fade. */
const RECENT = 100;

/**
 * Sees by evidence whether rows are being embedded anew: updates that change the vector and leave the text as it was. One
 * such row is a correction; many of those whose text stays are another model. Where rows have no text, it is seen by how
 * their vectors lie (`VectorDrift`).
 */
export class ReembeddingWatch {
  readonly #same: number;
  readonly #changed: number;
  readonly #drift: VectorDrift;

  constructor(same = 0, changed = 0, drift = new VectorDrift()) {
    this.#same = same;
    this.#changed = changed;
    this.#drift = drift;
  }

  /** What is known with these updates, too. */
  with(updates: readonly Update[]): ReembeddingWatch {
    const seen = updates.map(({ before, after }) => evidenceOf(before, after));
    const number = (kind: Evidence) => seen.filter((each) => each === kind).length;
    const [same, changed] = [this.#same + number('same'), this.#changed + number('re-embedded')];
    const kept = Math.min(1, RECENT / Math.max(1, same + changed));
    const wordless = updates.filter(
      ({ before, after }) => before.text === undefined && after.text === undefined,
    );
    return new ReembeddingWatch(
      same * kept,
      changed * kept,
      this.#drift.with(wordless.flatMap(changedVector)),
    );
  }

  get evident(): boolean {
    return this.#byText || this.#drift.evident;
  }

  get #byText(): boolean {
    return this.#changed >= ENOUGH && this.#changed > SHARE * (this.#same + this.#changed);
  }

  /** Undefined: nothing is evident. */
  get words(): string | undefined {
    const { reembedded, of } = this.counts;
    if (this.#byText) return `${reembedded} of the last ${of} updates changed the vector and not the text`;
    if (!this.#drift.evident) return undefined;
    return `the last ${this.#drift.of} updates gave rows vectors that have nothing to do with their former ones, and no neighbours among them`;
  }

  /** Recent updates of rows whose text stayed: with another vector, and all. */
  get counts(): { reembedded: number; of: number } {
    return { reembedded: Math.round(this.#changed), of: Math.round(this.#same + this.#changed) };
  }
}

/** The first vector that is another one. */
function changedVector({ before, after }: Update): (Update & Compared)[] {
  const found = vectorsOf(before, after).vectors.find(({ isSame }) => !isSame);
  return found === undefined ? [] : [{ before, after, ...found }];
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
