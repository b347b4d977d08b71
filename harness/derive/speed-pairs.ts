import { existsSync } from 'node:fs';
import { latencyRatio, medianLatency, speedRatios } from '../measures/latency-ratio.js';
import { LoadTimes } from '../measures/load-times.js';
import { joinedPasses, passesByNumber, type TimedPass } from '../measures/timing.js';
import { countsOf, type Manifest } from '../model/manifest.js';
import { firstId, replicaId } from '../model/replicas.js';
import type { Measure, Measures } from '../model/results.js';
import type { Samples } from '../model/samples.js';
import { readEvents } from '../store/event-log.js';
import { type RunFolder, samplesFile } from '../store/run-folder.js';
import { passesOfSamples, readSamples } from '../store/samples.js';
import { readTimes, timesFiles } from '../store/times.js';

/** One trial of a stored run. */
interface Side {
  folder: RunFolder;
  manifest: Manifest;
  trial: string;
  /** Number of the machine it was measured on, where its run knows several. */
  machine?: number | undefined;
}

/** How fast the candidate is beside the reference, on some queries; of all of them with throughput and p99. */
export type SpeedRatios = (queries: ReadonlySet<number> | undefined) => Measures;

export const asLatency = (measure: Measure | undefined): Measures =>
  measure === undefined ? {} : { 'parity.latency': measure };

/**
 * The block is the unit: of two trials whose passes were interleaved (of one build, or of two that were held side by side)
 * each pass; else all passes of a build together, with the pairs of builds of one run that were measured in one round.
 */
export async function speedRatiosOf(
  reference: Side,
  candidate: Side,
  own: readonly [Samples, Samples],
): Promise<SpeedRatios> {
  // Of two machines the ratio would be theirs.
  if (reference.machine !== candidate.machine) return () => ({});
  const sameRun = reference.folder.path === candidate.folder.path;
  const passes = [await passesOf(reference, own[0]), await passesOf(candidate, own[1])] as const;
  if (sameRun && passesAlternate(reference, candidate)) {
    const pairs = paired(passes[0], passes[1]);
    const answers = paired(passesOfSamples(own[0]), passesOfSamples(own[1]));
    return (queries) => ratiosOf(answers, pairs, queries);
  }
  const answers = [own];
  const pairs: (readonly [TimedPass, TimedPass])[] = [wholes(passes)];
  for (const ids of sameRun ? furtherPairs(reference, candidate) : []) {
    const sides = [
      { ...reference, trial: ids[0] },
      { ...candidate, trial: ids[1] },
    ] as const;
    const samples = [await timesOf(sides[0]), await timesOf(sides[1])] as const;
    answers.push(samples);
    pairs.push(wholes([await passesOf(sides[0], samples[0]), await passesOf(sides[1], samples[1])]));
  }
  return (queries) => ratiosOf(answers, pairs, queries);
}

/** Throughput and tails are of all queries together, which share their time. */
function ratiosOf(
  answers: readonly (readonly [Samples, Samples])[],
  passes: readonly (readonly [TimedPass, TimedPass])[],
  queries: ReadonlySet<number> | undefined,
): Measures {
  const medians = answers.flatMap((pair) => {
    const [a, b] = pair.map((samples) => medianLatency(samples, queries));
    return a === undefined || b === undefined ? [] : [[a, b] as const];
  });
  return {
    ...asLatency(latencyRatio(medians)),
    ...(queries === undefined && speedRatios(passes)),
  };
}

/** What both sides have of each pass. */
const paired = <T>(a: ReadonlyMap<number, T>, b: ReadonlyMap<number, T>): (readonly [T, T])[] =>
  [...a].flatMap(([number, first]) => (b.has(number) ? [[first, b.get(number)!] as const] : []));

const wholes = ([a, b]: readonly [ReadonlyMap<number, TimedPass>, ReadonlyMap<number, TimedPass>]): readonly [
  TimedPass,
  TimedPass,
] => [joinedPasses([...a.values()]), joinedPasses([...b.values()])];

/** By pass; of a load whose samples are a part of it, from the times of all. */
async function passesOf(
  { folder, manifest, trial }: Side,
  samples: Samples,
): Promise<ReadonlyMap<number, TimedPass>> {
  const files = timesFiles(samplesFile(folder, trial));
  const workload = manifest.plan.flatMap(({ trials }) => trials).find(({ id }) => id === trial)?.workload;
  if (files.length === 0 || workload === undefined) return passesByNumber(samples);
  const times = new LoadTimes(workload);
  for await (const block of readTimes(files, countsOf(manifest))) times.add(block);
  return times.passesByNumber();
}

function isSameBuild({ manifest, trial }: Side, { trial: other }: Side): boolean {
  return manifest.plan.some(({ trials }) =>
    [trial, other].every((wanted) => trials.some(({ id }) => id === wanted)),
  );
}

/** Of two that are built several times the build is the unit: it differs by more than the passes over one of them. */
function passesAlternate(reference: Side, candidate: Side): boolean {
  return (
    isSameBuild(reference, candidate) ||
    (!isReplicated(reference) && wereHeldTogether(reference, candidate.trial))
  );
}

const isReplicated = ({ manifest }: Side): boolean =>
  manifest.plan.some(({ replica }) => replica !== undefined);

/** By the log: both builds had begun when the first pass of either ended, and neither was begun again after that. */
function wereHeldTogether({ folder, manifest, trial }: Side, other: string): boolean {
  const builds = [trial, other].map(
    (id) => manifest.plan.find(({ trials }) => trials.some((each) => each.id === id))?.id,
  );
  if (builds.includes(undefined)) return false;
  const events = readEvents(folder);
  const last = Math.max(
    ...builds.map((id) => events.findLastIndex((each) => each.type === 'buildBegin' && each.build === id)),
  );
  const searched = events.findIndex(
    (each) => each.type === 'phase' && each.phase === 'search' && builds.includes(each.build),
  );
  return last >= 0 && searched > last;
}

/** Further builds of both settings, by round; only where both first builds are compared. */
function furtherPairs({ folder, manifest, trial }: Side, { trial: other }: Side): [string, string][] {
  if (firstId(trial) !== trial || firstId(other) !== other) return [];
  const buildOf = new Map(manifest.plan.flatMap(({ id, trials }) => trials.map((each) => [each.id, id])));
  const round = manifest.plan.filter(({ replica }) => replica === undefined).length;
  const begun = readEvents(folder).flatMap((event) => (event.type === 'buildBegin' ? [event.build] : []));
  const place = (id: string) => begun.lastIndexOf(buildOf.get(id) ?? '');
  // Shards of one plan are measured at other times, or on other machines.
  const close = ([a, b]: [string, string]) => Math.abs(place(a) - place(b)) < round;
  const measured = (id: string) => place(id) >= 0 && existsSync(samplesFile(folder, id));
  const found: [string, string][] = [];
  if (!close([trial, other])) return [];
  for (let replica = 2; buildOf.has(replicaId(trial, replica)); replica++) {
    const pair: [string, string] = [replicaId(trial, replica), replicaId(other, replica)];
    if (pair.every(measured) && close(pair)) found.push(pair);
  }
  return found;
}

const timesOf = ({ folder, manifest, trial }: Side): Promise<Samples> =>
  readSamples(samplesFile(folder, trial), manifest.ks.at(-1)!, ['scores'], countsOf(manifest));
