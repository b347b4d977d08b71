// AssemblyScript, a part of scan.as.ts; TypeScript does not read it.

import { capacity, guesses, halves, laterRanks, ranks, scales, sizes, thresholds } from './areas.as';
import { halved, kthBest, leastOf } from './candidates.as';

/** Groups of rows whose best scores are looked at for a guess; 32 vectors. */
const GROUPS = 128;
/** Where the best scores of the groups stand. */
const best = memory.data(GROUPS * 4, 16);

/**
 * Guesses thresholds from the scores of the first `count` rows, a multiple of 128, as `scanScores` is given them, or as `scanIntegers`
 * where `steps` is not 0: what the rank-th best of them has. Only of queries that have none, and a rank. Whether enough rows reach it
 * shows in `finish`.
 */
export function guessThresholds(at: usize, stride: i32, steps: usize, from: i32, to: i32, count: i32): void {
  for (let query = from; query < to; query++) {
    const place = (<usize>query) << 2;
    const rank = load<i32>(ranks + place);
    if (rank == 0 || load<f32>(thresholds + place) != -Infinity) continue;
    bestOfGroups(query, at + (((<usize>(query - from)) * stride) << 2), steps, count);
    const least = leastOf(<f64>largest(best, GROUPS, rank), query);
    store<f32>(thresholds + place, least);
    store<f32>(guesses + place, least);
  }
}

/**
 * The same once more with more rows looked at: what the rank-th best candidate so far has, if that is more. Only of queries whose
 * threshold was guessed.
 */
export function guessAgain(from: i32, to: i32): void {
  for (let query = from; query < to; query++) {
    const place = (<usize>query) << 2;
    const rank = load<i32>(laterRanks + place), size = load<i32>(sizes + place);
    const guess = load<f32>(guesses + place);
    // Where candidates have raised the threshold it is proven, and no guess.
    if (rank == 0 || size < rank || guess == -Infinity || load<f32>(thresholds + place) != guess) continue;
    const least = leastOf(kthBest((<usize>query * capacity) << 2, size, rank), query);
    if (least <= guess) continue;
    store<f32>(thresholds + place, least);
    store<f32>(guesses + place, least);
  }
}

function bestOfGroups(query: i32, at: usize, steps: usize, count: i32): void {
  const end = (<usize>count) << 2, bytes: usize = GROUPS << 2;
  for (let group: usize = 0; group < bytes; group += 16) {
    let most = f32x4.splat(-Infinity);
    if (steps == 0) {
      for (let i = group; i < end; i += bytes) most = f32x4.pmax(most, v128.load(at + i));
    } else if (halves != 0) {
      const scale = v128.load32_splat(scales + ((<usize>query) << 2));
      for (let i = group; i < end; i += bytes) {
        most = f32x4.pmax(most, halved(v128.load(at + i), v128.load(steps + i), scale, v128.load(halves + i)));
      }
    } else {
      for (let i = group; i < end; i += bytes) {
        most = f32x4.pmax(most, f32x4.mul(f32x4.convert_i32x4_s(v128.load(at + i)), v128.load(steps + i)));
      }
    }
    v128.store(best + group, most);
  }
}

/** The k-th largest of `count` numbers, which are reordered (Hoare's selection). */
function largest(at: usize, count: i32, k: i32): f32 {
  let low = 0;
  let high = count - 1;
  const wanted = k - 1;
  while (low < high) {
    const pivot = load<f32>(at + ((<usize>((low + high) >>> 1)) << 2));
    let i = low;
    let j = high;
    while (i <= j) {
      while (load<f32>(at + ((<usize>i) << 2)) > pivot) i++;
      while (load<f32>(at + ((<usize>j) << 2)) < pivot) j--;
      if (i <= j) {
        const a = at + ((<usize>i) << 2), b = at + ((<usize>j) << 2), x = load<f32>(a);
        store<f32>(a, load<f32>(b));
        store<f32>(b, x);
        i++;
        j--;
      }
    }
    if (wanted <= j) high = j;
    else if (wanted >= i) low = i;
    else break;
  }
  return load<f32>(at + ((<usize>wanted) << 2));
}
