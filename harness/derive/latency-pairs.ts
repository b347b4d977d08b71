import { existsSync } from 'node:fs';
import { latencyRatio, medianLatency } from '../measures/latency-ratio.js';
import { countsOf, type Manifest } from '../model/manifest.js';
import { firstId, replicaId } from '../model/replicas.js';
import type { Measure } from '../model/results.js';
import type { Samples } from '../model/samples.js';
import { readEvents } from '../store/event-log.js';
import { type RunFolder, samplesFile } from '../store/run-folder.js';
import { readSamples } from '../store/samples.js';

/** One trial of a stored run. */
interface Side {
  folder: RunFolder;
  manifest: Manifest;
  trial: string;
  /** Number of the machine it was measured on, where its run knows several. */
  machine?: number | undefined;
}

/** The ratio of two latencies on some queries, from all pairs of builds of one run that were measured in one round. */
export type LatencyRatio = (queries: ReadonlySet<number> | undefined) => Measure | undefined;

export async function latencyRatios(
  reference: Side,
  candidate: Side,
  own: readonly [Samples, Samples],
): Promise<LatencyRatio> {
  // Of two machines the ratio would be theirs.
  if (reference.machine !== candidate.machine) return () => undefined;
  const pairs = [own];
  const sameRun = reference.folder.path === candidate.folder.path;
  for (const [a, b] of sameRun ? furtherPairs(reference, candidate) : [])
    pairs.push([await timesOf(reference, a), await timesOf(reference, b)]);
  return (queries) =>
    latencyRatio(
      pairs.flatMap((pair) => {
        const [a, b] = pair.map((samples) => medianLatency(samples, queries));
        return a === undefined || b === undefined ? [] : [[a, b] as const];
      }),
    );
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

const timesOf = ({ folder, manifest }: Side, id: string): Promise<Samples> =>
  readSamples(samplesFile(folder, id), manifest.ks.at(-1)!, ['scores'], countsOf(manifest));
