import type { Measures } from '../model/results.js';
import type { Samples, Truth } from '../model/samples.js';
import type { Candidates, WriteLog } from '../model/writes.js';
import { checkpointsOf } from './checkpoints.js';
import { marginOf } from './distance.js';
import { countedHits, samplesOf } from './groups.js';
import { type DerivedTrial, type DeriveOptions, deriveGroup, deriveTrial } from './trial.js';
import { judgeAnswers } from './under-writes.js';
import { writeMeasures } from './writes.js';

export interface DerivedUnderWrites extends DerivedTrial {
  /** The same of some queries: what their answers say, and nothing of the writes. */
  group(queries: ReadonlySet<number>): DerivedTrial;
}

/** They rest on how many points pass a filter, which writes change. */
const BY_MATCHES = new Set(['filter.underfill', 'filter.wrongEmpty', 'filter.wrongFilled']);

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
): DerivedUnderWrites {
  const margin = marginOf(truth, options.metric);
  const judged = judgeAnswers(samples, log, candidates, margin);
  const { lists, truth: own } = judged;
  const derived = withoutMatches(
    deriveTrial(judged.samples, own, { ...options, lists, judgements: undefined }),
  );
  const { ks, metric, sources, workload, facts } = options;
  const counted = countedHits(judged.samples, ks, facts);
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
      ...(facts?.some(({ matches }) => matches !== null) === true && {
        'writes.outdated': of(judged.outdated),
      }),
    }),
    ...written.measures,
  };
  return {
    ...derived,
    measures,
    flags: [...derived.flags, ...written.flags].sort(),
    checkpoints,
    group: (queries) => {
      const kept = Array.from(samples.query.keys()).filter((i) => queries.has(samples.query[i]!));
      return withoutMatches(
        deriveGroup(samplesOf(judged.samples, kept), own, {
          ...options,
          judgements: undefined,
          lists: Int32Array.from(kept, (i) => lists[i]!),
        }),
      );
    },
  };
}

const withoutMatches = (derived: DerivedTrial): DerivedTrial => ({
  ...derived,
  measures: Object.fromEntries(Object.entries(derived.measures).filter(([name]) => !BY_MATCHES.has(name))),
});

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
