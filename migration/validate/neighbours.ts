/** Inner product; of vectors of length 1 the cosine. */
export function dot(a: Float32Array, b: Float32Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const length = a.length - (a.length % 4);
  for (let i = 0; i < length; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (let i = length; i < a.length; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + s2 + s3;
}

/** The `k` largest of scores, by their places; exact. */
export class Largest {
  readonly places: number[] = [];
  readonly #scores: number[] = [];
  readonly #k: number;

  constructor(k: number) {
    this.#k = k;
  }

  add(place: number, score: number): void {
    const { length } = this.places;
    if (length === this.#k && score <= this.#scores[length - 1]!) return;
    let at = length;
    while (at > 0 && this.#scores[at - 1]! < score) at--;
    this.places.splice(at, 0, place);
    this.#scores.splice(at, 0, score);
    if (this.places.length > this.#k) {
      this.places.pop();
      this.#scores.pop();
    }
  }
}

/** How alike records are in their words: cosine of their sets of words, rare words weighing more (inverse document frequency). */
export class WordLikeness {
  readonly #weights: ReadonlyMap<string, number>;

  constructor(records: readonly { words: readonly string[] }[]) {
    const counts = new Map<string, number>();
    for (const { words } of records) for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    const weight = (count: number) => Math.log((records.length + 1) / count) ** 2;
    this.#weights = new Map([...counts].map(([word, count]) => [word, weight(count)]));
  }

  /** From 0, no common word, to 1. */
  of(a: { words: readonly string[] }, b: { words: readonly string[] }): number {
    const [norm, other] = [this.#norm(a.words), this.#norm(b.words)];
    if (norm === 0 || other === 0) return 0;
    const there = new Set(b.words);
    let both = 0;
    for (const word of a.words) if (there.has(word)) both += this.#weights.get(word) ?? 0;
    return both / Math.sqrt(norm * other);
  }

  weightOf(word: string): number {
    return this.#weights.get(word) ?? 0;
  }

  #norm(words: readonly string[]): number {
    let sum = 0;
    for (const word of words) sum += this.#weights.get(word) ?? 0;
    return sum;
  }
}

/**
 * One-sided sign test: the probability of at least so many positive differences if positive and negative ones are equally
 * likely. Exact, and free of what is distributed how. Differences of 0 do not count.
 */
export function signTest(differences: readonly number[]): number {
  const n = differences.filter((each) => each !== 0).length;
  const positive = differences.filter((each) => each > 0).length;
  if (n === 0) return 1;
  // Sum of binomial probabilities from the largest term down, in logarithms.
  let log = -n * Math.LN2;
  let sum = 0;
  for (let k = n; k >= positive; k--) {
    sum += Math.exp(log);
    log += Math.log(k) - Math.log(n - k + 1);
  }
  return Math.min(1, sum);
}
