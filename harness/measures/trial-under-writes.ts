import type { Measures } from '../model/results.js';
import type { Samples, Truth } from '../model/samples.js';
import type { Candidates, WriteLog } from '../model/writes.js';
import { checkpointsOf } from './checkpoints.js';
import { marginOf } from './distance.js';
import { countedHits } from './groups.js';
import { type DerivedTrial, type DeriveOptions, deriveTrial } from './trial.js';
import { judgeAnswers } from './under-writes.js';
import { writeMeasures } from './writes.js';

/**
 * All measures of a trial whose points were written while it was searched: each answer is held against the exact neighbours
 * of the state that its query met. Of queries that are judged, the documents may be gone: there is no relevance.
 *
 * @param truth of the run: its margin of ties
 */
export function deriveUnderWrites(
  samples: Samples,
  truth: Truth,
  options: DeriveOptions,
  { log, candidates }: { log: WriteLog; candidates: Candidates },
): DerivedTrial {
  const margin = marginOf(truth, options.metric);
  const judged = judgeAnswers(samples, log, candidates, margin);
  const { lists, truth: own } = judged;
  const derived = deriveTrial(judged.samples, own, { ...options, lists, judgements: undefined });
  const { ks, metric, sources, workload } = options;
  const counted = countedHits(judged.samples, ks);
  const checkpoints = checkpointsOf(
    { samples: counted, truth: own, lists, ks, metric, sources },
    log,
    Number(workload?.options['checkpoints'] ?? 1),
  );
  const written = writeMeasures(log);
  const of = (value: number): Measures[string] => ({ value, low: null, high: null, n: samples.length });
  const measures: Measures = {
    ...derived.measures,
    ...worst(checkpoints, ks),
    ...(samples.length > 0 && {
      'recall.unjudged': of(judged.unjudged / samples.length),
      'writes.stale': of(judged.stale),
    }),
    ...written.measures,
  };
  return { ...derived, measures, flags: [...derived.flags, ...written.flags].sort(), checkpoints };
}

function worst(checkpoints: NonNullable<DerivedTrial['checkpoints']>, ks: readonly number[]): Measures {
  const found = ks.flatMap((k) => {
    const all = checkpoints.flatMap(({ measures }) => measures[`recall.ties@${k}`] ?? []);
    const least = all.toSorted((a, b) => a.value - b.value)[0];
    return least === undefined
      ? []
      : [[`recall.worst@${k}`, { value: least.value, low: null, high: null, n: least.n }] as const];
  });
  return Object.fromEntries(found);
}
