/** One step of the finest values, in ms: what a monotonic clock tells apart. */
const STEP = 1e-4;

/**
 * Counts of times in buckets that grow with the time (log-linear, as HdrHistogram has them): up to `2^bits` steps of
 * 0.1 µs each has its own; above, each power of two is cut into `2^bits` buckets, so that a value read back is within
 * 2^-(bits+1) of the one that was put in (0.025% with 11). Two histograms add up without a loss, which percentiles of
 * parts never do. Memory is that of the buckets, however many values come.
 */
export class Histogram {
  readonly #bits: number;
  #counts: Float64Array;
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  constructor(bits = 11) {
    this.#bits = bits;
    this.#counts = new Float64Array(2 ** bits);
  }

  get count(): number {
    return this.#count;
  }

  /** Exact; undefined for no values. */
  get mean(): number | undefined {
    return this.#count === 0 ? undefined : this.#sum / this.#count;
  }

  /** Exact; undefined for no values. */
  get max(): number | undefined {
    return this.#count === 0 ? undefined : this.#max;
  }

  /** @param ms what is below 0 counts as 0 */
  add(ms: number): void {
    const value = Math.max(0, ms);
    const bucket = this.#bucketOf(value);
    if (bucket >= this.#counts.length) this.#grow(bucket);
    this.#counts[bucket]!++;
    this.#count++;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** Takes the values of another one. Throws RangeError where its buckets are others. */
  merge(other: Histogram): void {
    if (other.#bits !== this.#bits) throw new RangeError('histograms of different resolution do not add up');
    if (other.#counts.length > this.#counts.length) this.#grow(other.#counts.length - 1);
    for (let i = 0; i < other.#counts.length; i++) this.#counts[i]! += other.#counts[i]!;
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** As `quantile` of the sorted values (type 7), within the resolution; undefined for no values. */
  quantile(p: number): number | undefined {
    if (this.#count === 0) return undefined;
    const position = (this.#count - 1) * p;
    const below = Math.floor(position);
    const [low, high] = this.#valuesAt(below, Math.min(below + 1, this.#count - 1));
    return low + (position - below) * (high - low);
  }

  /** Values of two neighbouring ranks, from 0. */
  #valuesAt(rank: number, next: number): [number, number] {
    let seen = 0;
    let low: number | undefined;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket]!;
      if (low === undefined && seen > rank) low = this.#valueOf(bucket);
      if (seen > next) return [low!, this.#valueOf(bucket)];
    }
    throw new Error(`rank ${next} of ${this.#count} values`);
  }

  #bucketOf(ms: number): number {
    const steps = Math.floor(ms / STEP);
    const size = 2 ** this.#bits;
    if (steps < size) return steps;
    const shift = powerOf(steps) - this.#bits;
    return shift * size + Math.floor(steps / 2 ** shift);
  }

  /** Middle of a bucket, in ms, no further than what was put in. */
  #valueOf(bucket: number): number {
    const size = 2 ** this.#bits;
    const shift = Math.max(0, Math.floor(bucket / size) - 1);
    const first = bucket < size ? bucket : (size + (bucket % size)) * 2 ** shift;
    const middle = (first + 2 ** shift / 2) * STEP;
    return Math.min(this.#max, Math.max(this.#min, middle));
  }

  #grow(bucket: number): void {
    const size = 2 ** this.#bits;
    const grown = new Float64Array(Math.ceil((bucket + 1) / size) * size);
    grown.set(this.#counts);
    this.#counts = grown;
  }
}

/** Largest power of two up to a whole number from 1 on: its exponent. */
function powerOf(value: number): number {
  if (value < 2 ** 31) return 31 - Math.clz32(value);
  const power = Math.floor(Math.log2(value));
  // The logarithm of what is just below a power of two may be rounded up to it.
  return 2 ** power > value ? power - 1 : power;
}
