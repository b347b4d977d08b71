import type { Point, PointValue } from '../../engines/contract/points.js';

/** A row's vector before an update and behind it, of length 1. */
interface Pair {
  before: Float32Array;
  after: Float32Array;
}

/** The last ones that count. */
const MOST = 128;
const ENOUGH = 40;
/** Of all pairs, those whose vectors have nothing to do with each other. */
const SHARE = 0.5;
/** A vector is related to the row's former one if that is nearer than so many of other rows' former ones. */
const RELATED = 0.9;
/** Vectors of each side whose nearest neighbour has to be of the same side. */
const SEPARATE = 0.97;
/** A text in metadata, which a new content would change. */
const WORDS = 3;

/**
 * Sees that rows without a text are embedded anew, by how vectors lie: the new one is no nearer to the row's former one than to
 * any other row's, and old and new ones are two groups without neighbours in common. An edited row stays near what it was, and
 * a row with another content lies among the others.
 */
export class VectorDrift {
  readonly #pairs: readonly Pair[];
  #evident: boolean | undefined;

  constructor(pairs: readonly Pair[] = []) {
    this.#pairs = pairs;
  }

  /** What is known with this update, too; another vector, and no other words. */
  with(
    updates: readonly { before: Point; after: Point; old: Float32Array; now: Float32Array }[],
  ): VectorDrift {
    const fresh = updates
      .filter(({ before, after, old, now }) => old.length === now.length && hasSameWords(before, after))
      .flatMap(({ old, now }) => {
        const [a, b] = [unit(old), unit(now)];
        return a === undefined || b === undefined ? [] : [{ before: a, after: b }];
      });
    return fresh.length === 0 ? this : new VectorDrift([...this.#pairs, ...fresh].slice(-MOST));
  }

  get of(): number {
    return this.#pairs.length;
  }

  /** Looked at once: it takes some milliseconds. */
  get evident(): boolean {
    this.#evident ??= isDrift(this.#pairs);
    return this.#evident;
  }
}

function isDrift(pairs: readonly Pair[]): boolean {
  if (pairs.length < ENOUGH) return false;
  const loose = pairs.filter((pair) => !isRelated(pair, pairs));
  return (
    loose.length >= ENOUGH &&
    loose.length > SHARE * pairs.length &&
    isApart(loose, 'before', 'after') &&
    isApart(loose, 'after', 'before')
  );
}

function isRelated(pair: Pair, pairs: readonly Pair[]): boolean {
  const own = dot(pair.before, pair.after);
  const others = pairs.filter((each) => each !== pair);
  return others.filter(({ before }) => dot(before, pair.after) < own).length > RELATED * others.length;
}

/** Nearly all vectors of a side have their nearest neighbour on it; a row's own former vector does not count. */
function isApart(pairs: readonly Pair[], side: keyof Pair, other: keyof Pair): boolean {
  const own = pairs.filter((pair) => {
    let [nearest, strange] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const each of pairs) {
      if (each === pair) continue;
      nearest = Math.max(nearest, dot(pair[side], each[side]));
      strange = Math.max(strange, dot(pair[side], each[other]));
    }
    return nearest > strange;
  });
  return own.length >= SEPARATE * pairs.length;
}

/** Of texts that both have; numbers, dates and keywords change without a new content. */
function hasSameWords({ metadata: before }: Point, { metadata: after }: Point): boolean {
  return Object.keys(before).every(
    (name) => !isText(before[name]) || !Object.hasOwn(after, name) || before[name] === after[name],
  );
}

function isText(value: PointValue | undefined): boolean {
  return typeof value === 'string' && value.split(/\s+/, WORDS).length === WORDS;
}

function unit(vector: Float32Array): Float32Array | undefined {
  const norm = Math.sqrt(dot(vector, vector));
  return norm > 0 && Number.isFinite(norm) ? vector.map((each) => each / norm) : undefined;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
