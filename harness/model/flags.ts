import { definitionOf } from './measures/catalogue.js';
import type { MeasureKind } from './measures/measure.js';

/** A doubt that a run records about figures of a trial. */
export interface FlagDefinition {
  name: string;
  /** What it means for the figures, in whole sentences. */
  meaning: string;
  /** The same in a few words. */
  short: string;
  /** Kinds of figures that it makes doubtful: they are marked wherever they stand. None: what it tells is counted itself. */
  doubts: readonly MeasureKind[];
  /** Figures of these kinds that it leaves as they are. */
  spares?: RegExp;
  /** Stands beside a doubtful figure; what it means stands in `SIGNS`. */
  sign?: Sign;
  /** Figures that it voids have no value; tested against their names. */
  voids?: RegExp;
}

/** Signs of doubt, as a legend explains them. */
export const SIGNS = {
  '†': 'beside other load: other programs used more than a quarter of a core',
  '‡': 'some queries failed',
  '§': 'passes of two builds of the same index',
  '¶': 'limited by the client that sent the queries',
} as const;

export type Sign = keyof typeof SIGNS;

/** Every flag there is. */
export const FLAGS: readonly FlagDefinition[] = [
  {
    name: 'beats-truth',
    short: 'an answer holds a point nearer than the exact neighbours',
    meaning:
      'Some answer holds a point nearer than the exact neighbours: then the truth is not that of these data. The trial has no recall and no distance error, and takes no part in choices, fronts and gates on them.',
    doubts: [],
    voids: /^(recall(\.ties|\.epsilon)?@|distance\.error$)/,
  },
  {
    name: 'busy-machine',
    short: 'measured while other programs used more than a quarter of a core',
    meaning:
      'Other programs used more than a quarter of a core while this was measured: its times and throughput say as much about them. Recall is not affected.',
    doubts: ['time'],
    sign: '†',
  },
  {
    name: 'busy-build',
    short: 'built while other programs used more than a quarter of a core',
    meaning:
      'Other programs used more than a quarter of a core while the index was built: its build time and memory say as much about them.',
    doubts: ['cost'],
    spares: /^(index\.size|server\.disk|engine\.share|(machine|build)\.foreign)$/,
    sign: '†',
  },
  {
    name: 'failed-queries',
    short: 'some queries failed',
    meaning: 'Some queries failed; they count as empty answers in recall and are listed under errors.',
    doubts: ['mean', 'time'],
    sign: '‡',
  },
  {
    name: 'late-client',
    short: 'the client sent its queries late',
    meaning:
      'The client sent its queries later than they were due, by more than a tenth of the latency’s 99th percentile: part of the latency is the client’s.',
    doubts: ['time'],
    sign: '¶',
  },
  {
    name: 'busy-client',
    short: 'the client was busier than 0.8 cores for each thread that sends',
    meaning:
      'The threads that sent the queries used more than 0.8 of a core each: throughput may be the client’s limit, and latency holds its waiting. More of them (`threads` of the workload) may show more.',
    doubts: ['time'],
    sign: '¶',
  },
  {
    name: 'near-floor',
    short: 'half of the answers came in under three times the floor',
    meaning:
      'In half of the passes the median latency is under three times that of an echo with the same load, sent just before or after it (client.floor.p50): the figure says as much about the way to the engine and the client as about the engine.',
    doubts: ['time'],
    sign: '¶',
  },
  {
    name: 'unsteady-floor',
    short: 'the floor was another one after a pass than before it',
    meaning:
      'An echo with the same load was more than twice as slow on one side of a pass as on the other: the machine was disturbed in between. The lower of the two is the floor of the pass; what the pass itself lost is not known.',
    doubts: [],
  },
  {
    name: 'busy-server',
    short: 'the server used more than nine tenths of its cores',
    meaning:
      'The server used more than nine tenths of the cores that it may use: its processor is what limits the throughput.',
    doubts: [],
  },
  {
    name: 'few-samples',
    short: 'fewer than 1,000 answers under load',
    meaning:
      'Fewer than 1,000 queries were answered: ten or fewer of them decide the 99th percentile. A longer trial, or more passes, settle it.',
    doubts: [],
  },
  {
    name: 'rate-not-reached',
    short: 'answered less than the offered rate',
    meaning:
      'Fewer than 98% of the queries that were due were answered in their time: the engine, or the client, does not sustain this rate, and the latency grows with the length of the trial.',
    doubts: [],
  },
  {
    name: 'machines-apart',
    short: 'the machines that sent the load did not all send at the same time',
    meaning:
      'Several machines sent this load together, and for more than a twentieth of the time not all of them did: in that time the load was smaller than it says. A warning of the run has the share.',
    doubts: ['time'],
    sign: '¶',
  },
  {
    name: 'writes-not-reached',
    short: 'acknowledged fewer writes than were due',
    meaning:
      'Fewer than 98% of the writes that were due in the first nine tenths of the time were acknowledged within it: the engine does not sustain this rate of writes, or they failed.',
    doubts: [],
  },
  {
    name: 'lost-writes',
    short: 'acknowledged writes were lost',
    meaning:
      'Points whose insert was acknowledged were not there at the end of the pass, or points whose delete was acknowledged were.',
    doubts: [],
  },
  {
    name: 'worse-under-load',
    short: 'answered worse than with one client',
    meaning:
      'The answers under this load have a lower recall than those of the same setting with one client (load.recallLoss): what the engine gains in speed it loses in answers.',
    doubts: [],
  },
  {
    name: 'mixed-builds',
    short: 'trials of several builds of the same index',
    meaning:
      'The build was made again, after a crash or in a run that was continued: its trials, or the passes of one, ran on different builds of the same index, maybe days apart.',
    doubts: ['mean', 'time', 'cost'],
    sign: '§',
  },
  {
    name: 'duplicate-hits',
    short: 'an id returned more than once',
    meaning: 'The engine returned the same id more than once for some query; repeats were counted once.',
    doubts: [],
  },
  {
    name: 'unknown-keys',
    short: 'keys that are no rows of the dataset',
    meaning: 'The engine returned keys that are no rows of the dataset; they were counted as misses.',
    doubts: [],
  },
  {
    name: 'partial-queries',
    short: 'some groups of queries were not sent',
    meaning:
      'Some groups of queries were not sent, because the engine refuses their filters. The row of all queries speaks of the others only and takes no part in choice and charts; the groups are measured one by one.',
    doubts: [],
  },
  {
    name: 'underfilled',
    short: 'answers with fewer hits than there are',
    meaning: 'Some answers held fewer hits than asked for although enough points exist.',
    doubts: [],
  },
  {
    name: 'score-mismatch',
    short: 'scores differ from recomputed distances',
    meaning: 'The engine’s own scores differ from the distances that the harness recomputed.',
    doubts: [],
  },
];

const byName = new Map(FLAGS.map((flag) => [flag.name, flag]));

/** Undefined for a flag of another version. */
export const flagOf = (name: string): FlagDefinition | undefined => byName.get(name);

/** Why a measure has no value: the flag that voids it; undefined where none does. */
export function voidedBy(flags: readonly string[], measure: string): FlagDefinition | undefined {
  return flags.flatMap((name) => flagOf(name) ?? []).find(({ voids }) => voids?.test(measure) === true);
}

/** Flags of a trial that make this figure doubtful, in the order of the catalogue. */
export function doubtsOf(flags: readonly string[], measure: string): FlagDefinition[] {
  const kind = definitionOf(measure)?.kind;
  if (kind === undefined) return [];
  return FLAGS.filter(
    ({ name, doubts, spares }) =>
      flags.includes(name) && doubts.includes(kind) && spares?.test(measure) !== true,
  );
}

/** Their signs, each once: `†‡`; empty for a figure that stands. */
export const doubtSigns = (flags: readonly string[], measure: string): string =>
  [...new Set(doubtsOf(flags, measure).map(({ sign }) => sign ?? ''))].join('');
