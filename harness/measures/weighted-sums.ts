/** Draws of bootstrap samples: `counts[r * units + u]` says how often sample `r` drew unit `u`. */
export interface Draws {
  units: number;
  resamples: number;
  counts: Uint8Array;
}

/** Above this share of values that are not 0, leaving the zeros out costs more than it saves. */
const SPARSE = 1 / 8;

/**
 * Sum of each column in each sample. Every sum runs over the units in ascending order, so that the same column has the
 * same sums to the last bit whatever it is summed with.
 *
 * @param columns `units` values each
 * @returns by column `resamples` sums
 */
export function weightedSums(draws: Draws, columns: readonly Float64Array[]): Float64Array[] {
  const sums = columns.map(() => new Float64Array(draws.resamples));
  const dense: number[] = [];
  columns.forEach((column, i) => {
    const first = columns.findIndex((other, j) => j === i || same(other, column));
    // Tie-aware recall is plain recall wherever nothing ties.
    if (first < i) sums[i] = sums[first]!;
    else if (column.every((value) => value === column[0])) sums[i]!.fill((column[0] ?? 0) * draws.units);
    else if (nonZero(column) < SPARSE * draws.units) sumSparse(draws, column, sums[i]!);
    else dense.push(i);
  });
  while (dense.length > 2) {
    const four = [0, 1, 2, 3].map((i) => dense[Math.min(i, dense.length - 1)]!);
    sumFour(draws, four.map((i) => columns[i]!) as Four, four.map((i) => sums[i]!) as Four);
    dense.splice(0, 4);
  }
  for (const i of dense) sumOne(draws, columns[i]!, sums[i]!);
  return sums;
}

function same(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function nonZero(column: Float64Array): number {
  let count = 0;
  for (const value of column) if (value !== 0) count++;
  return count;
}

/** Of a column that is mostly 0, the rest alone. */
function sumSparse({ units, resamples, counts }: Draws, column: Float64Array, into: Float64Array): void {
  const at = Int32Array.from(column.keys()).filter((u) => column[u] !== 0);
  const values = Float64Array.from(at, (u) => column[u]!);
  for (let r = 0; r < resamples; r++) {
    const start = r * units;
    let sum = 0;
    for (let i = 0; i < at.length; i++) sum += counts[start + at[i]!]! * values[i]!;
    into[r] = sum;
  }
}

/** Four samples at a time: additions of one sum wait for each other, those of four do not. */
function sumOne({ units, resamples, counts }: Draws, column: Float64Array, into: Float64Array): void {
  for (let r = 0; r < resamples; r += 4) {
    const [s0, s1, s2, s3] = [0, 1, 2, 3].map((i) => Math.min(r + i, resamples - 1) * units) as Numbers;
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let u = 0; u < units; u++) {
      const value = column[u]!;
      a += counts[s0 + u]! * value;
      b += counts[s1 + u]! * value;
      c += counts[s2 + u]! * value;
      d += counts[s3 + u]! * value;
    }
    // Beyond the last sample there is only that one again.
    [a, b, c, d].forEach((sum, i) => {
      into[Math.min(r + i, resamples - 1)] = sum;
    });
  }
}

type Numbers = [number, number, number, number];
type Four = [Float64Array, Float64Array, Float64Array, Float64Array];

/** Two samples of four columns at a time: everything read serves several of the eight sums (measured 1.5 times). */
function sumFour({ units, resamples, counts }: Draws, columns: Four, into: Four): void {
  const [a, b, c, d] = columns;
  for (let r = 0; r < resamples; r += 2) {
    // With an odd number of samples the last one is summed twice.
    const next = Math.min(r + 1, resamples - 1);
    const [first, second] = [r * units, next * units];
    let [a1, b1, c1, d1] = [0, 0, 0, 0];
    let [a2, b2, c2, d2] = [0, 0, 0, 0];
    for (let u = 0; u < units; u++) {
      const drawn1 = counts[first + u]!;
      const drawn2 = counts[second + u]!;
      const va = a[u]!;
      const vb = b[u]!;
      const vc = c[u]!;
      const vd = d[u]!;
      a1 += drawn1 * va;
      b1 += drawn1 * vb;
      c1 += drawn1 * vc;
      d1 += drawn1 * vd;
      a2 += drawn2 * va;
      b2 += drawn2 * vb;
      c2 += drawn2 * vc;
      d2 += drawn2 * vd;
    }
    [a1, b1, c1, d1].forEach((sum, i) => {
      into[i]![r] = sum;
    });
    [a2, b2, c2, d2].forEach((sum, i) => {
      into[i]![next] = sum;
    });
  }
}
