import { SHARE } from '../harness/measures/figures.js';
import { CONFIDENCE } from '../harness/measures/interval.js';
import { meanBounds } from '../harness/measures/mean-bounds.js';
import { Random } from '../harness/measures/random.js';

/** How bounds of means did over samples of real values; shares of the samples. */
export interface Coverage {
  /** By setting: its lower bound lay above the true mean, its upper one below it. */
  lowMissed: number[];
  highMissed: number[];
  /** Of the first setting, in the order given, whose lower bound reached a target: in truth it does not. */
  targets: { target: number; announced: number; wrong: number }[];
}

export interface CoverageOptions {
  /** Queries of a sample. */
  n: number;
  samples: number;
  seed: number;
  targets: readonly number[];
}

/**
 * Draws samples of the queries with replacement and bounds the mean of each setting, all over the same queries, as a run
 * does; the mean over all queries is the true one. Pure.
 *
 * @param settings values by query, 0 to 1; the cheapest setting first
 */
export function coverageOf(
  settings: readonly Float64Array[],
  { n, samples, seed, targets }: CoverageOptions,
): Coverage {
  const truth = settings.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
  const found: Coverage = {
    lowMissed: settings.map(() => 0),
    highMissed: settings.map(() => 0),
    targets: targets.map((target) => ({ target, announced: 0, wrong: 0 })),
  };
  const random = new Random(seed);
  const below = new Float64Array(n).fill(1);
  for (let s = 0; s < samples; s++) {
    const drawn = Int32Array.from({ length: n }, () => random.below(settings[0]!.length));
    const lows = settings.map((values, i) => {
      const above = Float64Array.from(drawn, (query) => values[query]!);
      const { low, high } = meanBounds({ above, below }, SHARE, (1 - CONFIDENCE) / 2);
      if (low > truth[i]!) found.lowMissed[i]! += 1 / samples;
      if (high < truth[i]!) found.highMissed[i]! += 1 / samples;
      return low;
    });
    for (const each of found.targets) {
      const first = lows.findIndex((low) => low >= each.target);
      if (first < 0) continue;
      each.announced += 1 / samples;
      if (truth[first]! < each.target) each.wrong += 1 / samples;
    }
  }
  return found;
}
