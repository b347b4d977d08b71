import type { Metric } from '../../datasets/dataset.js';
import type { Checkpoint, Measures } from '../model/results.js';
import type { Samples, Truth } from '../model/samples.js';
import { WRITE_KINDS, type WriteLog } from '../model/writes.js';
import { accuracyOf } from './accuracy.js';
import { meansOf } from './figures.js';
import { samplesOf } from './groups.js';
import { renumbered } from './sources.js';
import { timingMeasures } from './timing.js';
import { unitsOf } from './units.js';
import { freshness } from './writes.js';

/** What a checkpoint tells of its answers, beside recall. */
const TIMES = ['latency.p50', 'latency.p99'];

export interface CheckpointInput {
  samples: Samples;
  truth: Truth;
  /** By sample the list of the truth that it is held against; -1: none. */
  lists: Int32Array;
  ks: readonly number[];
  metric: Metric;
  sources: ArrayLike<number> | undefined;
}

/**
 * A pass in so many parts of equal time: figures of the queries that were due in each, of the writes that were acknowledged in
 * it, and the points at its end. Parts without a query have no figures.
 */
export function checkpointsOf(input: CheckpointInput, log: WriteLog, parts: number): Checkpoint[] {
  const { from, to } = log;
  return Array.from({ length: parts }, (_, i) => {
    const [begin, end] = [i, i + 1].map((part) => from + (part * (to - from)) / parts) as [number, number];
    const isIn = (moment: number) => moment >= begin && (moment < end || i === parts - 1);
    const done = log.writes.filter(({ acknowledged }) => acknowledged !== null);
    const until = done.filter(({ acknowledged }) => acknowledged! < end);
    const added = until.filter(({ kind }) => kind === 'insert').length;
    const gone = until.filter(({ kind }) => kind === 'delete').length;
    const own = done.filter(({ acknowledged }) => isIn(acknowledged!));
    return {
      from: (begin - from) / 1000,
      to: (end - from) / 1000,
      points: log.points + added - gone,
      writes: own.length,
      measures: {
        ...answers(input, isIn),
        ...Object.assign({}, ...WRITE_KINDS.map((kind) => freshness(kind, own))),
      },
    };
  });
}

function answers(input: CheckpointInput, isIn: (moment: number) => boolean): Measures {
  const kept = Array.from(input.samples.due.keys()).filter((i) => isIn(input.samples.due[i]!));
  if (kept.length === 0) return {};
  const samples = samplesOf(input.samples, kept);
  const lists = Int32Array.from(kept, (i) => input.lists[i]!);
  const units = unitsOf(samples);
  const { ks, metric, truth, sources } = input;
  const { figures } = accuracyOf(samples, truth, units, { ks, metric, lists });
  const recall = figures.filter(({ name }) => /^recall(\.ties)?@/.test(name));
  const times = Object.entries(timingMeasures(samples)).filter(([name]) => TIMES.includes(name));
  return { ...meansOf(recall, renumbered(units.queries, sources)), ...Object.fromEntries(times) };
}
