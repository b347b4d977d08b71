import { Random } from '../harness/measures/random.js';
import { StandingDrift, StandingMean } from '../harness/measures/sequential-gate.js';

/**
 * Watches of a day that are looked at every minute, five queries each: how many raise a false alarm, and how soon a planted
 * change is found. `node dist/scripts/watch-simulation.js` prints what docs/monitor.md says.
 */

const MINUTES = 1440;
const QUERIES = 5;
const GATE = { side: 'at least', limit: 0.9, range: { low: 0, high: 1 }, alpha: 0.05 } as const;

const uniform = (random: Random): number => (random.uint32() + 0.5) / 2 ** 32;
const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(uniform(random))) * Math.cos(2 * Math.PI * uniform(random));

/** Of ten hits, each of which is kept with this chance. */
function overlap(random: Random, kept: number): number {
  let hits = 0;
  for (let i = 0; i < 10; i++) if (uniform(random) < kept) hits++;
  return hits / 10;
}

/** The minute of the first alarm; undefined: there is none. */
function alarm(look: (minute: number) => boolean): number | undefined {
  for (let minute = 0; minute < MINUTES; minute++) if (look(minute)) return minute;
  return undefined;
}

function watchMean(seed: number, kept: (minute: number) => number): number | undefined {
  const random = new Random(seed);
  const watch = new StandingMean(GATE);
  return alarm((minute) => {
    for (let i = 0; i < QUERIES; i++) watch.observe(overlap(random, kept(minute)));
    return watch.state.verdict === 'fail';
  });
}

/** A one-sided test at 5% that is made for one look, at every look. */
function watchNaively(seed: number): number | undefined {
  const random = new Random(seed);
  let [n, sum, squares] = [0, 0, 0];
  return alarm(() => {
    for (let i = 0; i < QUERIES; i++) {
      const value = overlap(random, GATE.limit);
      n++;
      sum += value;
      squares += value * value;
    }
    const mean = sum / n;
    const error = Math.sqrt(Math.max(0, squares / n - mean * mean) / n);
    return n > 30 && mean + 1.645 * error < GATE.limit;
  });
}

function watchScores(seed: number): number | undefined {
  const random = new Random(seed);
  const watch = new StandingDrift(GATE.alpha);
  return alarm(() => {
    for (let i = 0; i < QUERIES; i++) watch.observe(normal(random), uniform(random));
    return watch.state.verdict === 'fail';
  });
}

function share(watches: number, watch: (seed: number) => number | undefined): string {
  let alarms = 0;
  for (let seed = 1; seed <= watches; seed++) if (watch(seed) !== undefined) alarms++;
  return `${((100 * alarms) / watches).toFixed(1)}% of ${watches}`;
}

const noon = MINUTES / 2;
const delays = Array.from({ length: 200 }, (_, at) => {
  const minute = watchMean(at + 1, (now) => (now < noon ? 0.97 : 0.85));
  return minute === undefined ? Number.POSITIVE_INFINITY : minute - noon;
}).sort((a, b) => a - b);

console.log(`false alarms, mean at the limit: ${share(1000, (seed) => watchMean(seed, () => GATE.limit))}`);
console.log(`the same by a test for one look: ${share(1000, watchNaively)}`);
console.log(`false alarms, scores that stay: ${share(300, watchScores)}`);
console.log(
  `overlap from .97 to .85 at noon, found after: median ${delays[100]} min, nine of ten ${delays[180]} min`,
);
