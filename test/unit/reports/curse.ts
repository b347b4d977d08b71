import { Random } from '../../../harness/measures/random.js';
import { timingMeasures } from '../../../harness/measures/timing.js';
import type { Measure } from '../../../harness/model/results.js';
import { choicesOf } from '../../../reports/model/choice.js';
import type { Point, Series } from '../../../reports/model/types.js';
import { type Observed, samplesOf } from '../measures/samples.js';

/** Queries in a pass: what varies is the pass, so few are enough. */
const QUERIES = 20;
/** True figure of every setting, queries/s. */
const TRUE = 1000;

export interface Simulated {
  /** Mean of ln(shown / true) of the throughput of the choice, in percent. */
  shown: number;
  /** The same of the figure over all passes, which chose as well: what was shown before. */
  before: number;
  /** Share of choices whose interval holds the true figure. */
  held: number;
}

/**
 * A contender with so many settings, all equally fast, on a machine whose passes differ by `drift` (standard deviation of the
 * logarithm): how fast its choice looks.
 */
export function chosenOf(
  settings: number,
  passes: number,
  { seed = 1, times = 400, drift = 0.1 } = {},
): Simulated {
  const random = new Random(seed);
  const sums = { shown: 0, before: 0, held: 0 };
  for (let i = 0; i < times; i++) {
    const points = Array.from({ length: settings }, (_, n) => pointOf(n, passOf(random, passes, drift)));
    const rates = points.map(({ measures }) => measures['throughput']!.value);
    const { choice } = choicesOf({
      series: [seriesOf(points)],
      recallName: 'recall.ties@10',
      k: 10,
      dataset: 'd',
      machines: undefined,
      speed: { measure: 'throughput', better: 'higher' },
    })[0]!.rows[0]!;
    if (choice.state !== 'chosen') throw new Error('every setting reaches the target');
    const { value, low, high } = choice.figures['throughput']!;
    sums.shown += Math.log(value / TRUE);
    sums.before += Math.log(Math.max(...rates) / TRUE);
    sums.held += low !== null && high !== null && low <= TRUE && TRUE <= high ? 1 : 0;
  }
  return {
    shown: (100 * sums.shown) / times,
    before: (100 * sums.before) / times,
    held: sums.held / times,
  };
}

function passOf(random: Random, passes: number, drift: number): Readonly<Record<string, Measure>> {
  const entries: Observed[] = [];
  for (let repetition = 0; repetition < passes; repetition++) {
    // Half of the variance, so that the mean of a rate's logarithm is that of the true one.
    const took = (1000 / TRUE) * Math.exp(drift * normal(random));
    for (let query = 0; query < QUERIES; query++) {
      const sent = repetition * 1e6 + query * took;
      entries.push({ query, repetition, sent, answered: sent + took, rows: [1], distances: [1] });
    }
  }
  return timingMeasures(samplesOf(1, entries));
}

const normal = (random: Random): number => {
  const [a, b] = [(random.uint32() + 1) / 2 ** 32, random.uint32() / 2 ** 32];
  return Math.sqrt(-2 * Math.log(a)) * Math.cos(2 * Math.PI * b);
};

const RECALL: Measure = { value: 0.97, low: 0.96, high: 0.98, n: 1000 };
const SERIES = {
  key: 'a/a',
  engine: 'a',
  label: 'a',
  about: '',
  identity: { colour: 0, shape: 'circle', fill: 0, line: 0 },
} as const;

const pointOf = (n: number, measures: Readonly<Record<string, Measure>>): Point => ({
  id: `a-${n}`,
  build: 'a',
  series: SERIES,
  setting: `ef=${n}`,
  fullSetting: `ef=${n}`,
  index: {},
  search: { ef: n },
  workload: 'serial',
  server: false,
  recall: RECALL,
  measures: { ...measures, 'recall.ties@10': RECALL },
  flags: [],
});

const seriesOf = (points: readonly Point[]): Series => ({
  ...SERIES,
  points,
  throughputFront: [],
  latencyFront: [],
  hypervolume: undefined,
  trials: { planned: points.length, completed: points.length, void: 0, empty: 0 },
});
