import { currentResults } from '../harness/derive/current.js';
import { overBuilds } from '../harness/measures/builds.js';
import { timingMeasures } from '../harness/measures/timing.js';
import { definitionOf } from '../harness/model/measures/catalogue.js';
import { byReplica } from '../harness/model/replicas.js';
import type { Measures, Results } from '../harness/model/results.js';
import type { Samples } from '../harness/model/samples.js';
import { type RunFolder, samplesFile } from '../harness/store/run-folder.js';
import { readSamples } from '../harness/store/samples.js';
import { CHOICE_MEASURES } from '../reports/model/choice.js';
import { separated } from '../reports/model/compare.js';

/** How often the report calls two measurements of one setting different; by measure. */
export interface SameSetting {
  /** Passes (or builds) on each side. */
  size: number;
  /** `passes`: of one build; `builds`: of one index built again. */
  unit: 'passes' | 'builds';
  pairs: number;
  different: Record<string, number>;
}

/** Times that are ranked, with others that gates take. */
const TIMES = ['throughput', 'latency.mean', 'latency.p50', 'latency.p95', 'latency.p99'];

/**
 * Splits what a run has of each setting into two halves and compares them as the report compares two contenders: the first
 * half of the passes with the second (times), and the first half of the builds with the second (times, costs and recall).
 * Whatever is called different is a false alarm.
 */
export async function sameSettings(folder: RunFolder): Promise<SameSetting[]> {
  const { results } = await currentResults(folder);
  return [await halvesOfPasses(folder, results), halvesOfBuilds(results)].filter(({ pairs }) => pairs > 0);
}

async function halvesOfPasses(folder: RunFolder, results: Results): Promise<SameSetting> {
  const tally: SameSetting = { size: 0, unit: 'passes', pairs: 0, different: {} };
  for (const { id } of completed(results)) {
    const samples = await readSamples(samplesFile(folder, id), Math.max(...results.ks), ['scores']);
    const passes = [...new Set(samples.repetition)].sort((a, b) => a - b);
    tally.size = Math.floor(passes.length / 2);
    if (tally.size === 0) continue;
    const sides = [passes.slice(0, tally.size), passes.slice(tally.size, 2 * tally.size)].map((own) =>
      timingMeasures(onlyPasses(samples, new Set(own))),
    );
    compare(tally, sides[0]!, sides[1]!, TIMES);
  }
  return tally;
}

function halvesOfBuilds(results: Results): SameSetting {
  const tally: SameSetting = { size: 0, unit: 'builds', pairs: 0, different: {} };
  const recall = `recall.ties@${Math.max(...results.ks)}`;
  const names = [...new Set([recall, ...TIMES, ...CHOICE_MEASURES])];
  for (const { row, again } of byReplica(completed(results))) {
    const builds = [row, ...again];
    tally.size = Math.floor(builds.length / 2);
    if (tally.size === 0) continue;
    const [a, b] = [builds.slice(0, tally.size), builds.slice(tally.size, 2 * tally.size)].map(
      (own) => overBuilds(own, isTimeOrCost)[0]!.measures,
    );
    compare(tally, a!, b!, names);
  }
  return tally;
}

const completed = ({ trials }: Results) =>
  trials.filter(({ state, group }) => state === 'completed' && group === 'all');

const isTimeOrCost = (name: string): boolean => ['time', 'cost'].includes(definitionOf(name)?.kind ?? '');

function compare(tally: SameSetting, a: Measures, b: Measures, names: readonly string[]): void {
  tally.pairs++;
  for (const name of names) {
    if (a[name] === undefined || b[name] === undefined) continue;
    tally.different[name] = (tally.different[name] ?? 0) + (separated(a[name], b[name]) ? 1 : 0);
  }
}

/** What is timed; the rest is left as it is, which times do not read. */
function onlyPasses(samples: Samples, passes: ReadonlySet<number>): Samples {
  const kept = Int32Array.from({ length: samples.length }, (_, i) => i).filter((i) =>
    passes.has(samples.repetition[i]!),
  );
  const numbers = (from: Float64Array) => Float64Array.from(kept, (i) => from[i]!);
  const integers = (from: Int32Array) => Int32Array.from(kept, (i) => from[i]!);
  return {
    ...samples,
    length: kept.length,
    query: integers(samples.query),
    repetition: integers(samples.repetition),
    returned: integers(samples.returned),
    due: numbers(samples.due),
    sent: numbers(samples.sent),
    answered: numbers(samples.answered),
    error: Array.from(kept, (i) => samples.error[i]!),
  };
}
