import { z } from 'zod';

/** Number of the format of `verdicts.json`. */
export const VERDICT_SCHEMA = 1;

const state = z.enum(['pass', 'fail', 'inconclusive', 'error']);
const number = z.number().nullable();

/** What a gate found on one trial. Null: there is no such figure. */
export const findingSchema = z.strictObject({
  trial: z.string(),
  /** Contender and all parameters. */
  setting: z.string(),
  workload: z.string(),
  group: z.string(),
  state,
  /** The figure that was judged: the measure, or its change against the baseline. */
  found: number,
  /** Ends of its interval: two-sided 95% of a measure, two-sided 90% (each end one-sided 95%) of a change. */
  low: number,
  high: number,
  /** Observations behind it; queries, for a mean. */
  n: number,
  /** Of a change: the measure in this run and in the baseline. */
  now: number,
  before: number,
  /** Of a change: chance of a loss this large if there were none, by itself and adjusted for all changes judged (Holm 1979). */
  p: number,
  adjusted: number,
  /** Queries that would decide an inconclusive change with a chance of 80% if it is as large as it looks. */
  needed: number,
  /** Of a change: builds compared on each side. */
  builds: z.strictObject({ now: z.int(), before: z.int() }).nullable(),
  /** Of a change: standard error from how builds differ as wholes; `assumed` where no side was built twice. */
  rebuild: z.strictObject({ error: z.number(), from: z.enum(['builds', 'assumed']) }).nullable(),
  /** Of a loss against the baseline: what the raw answers say of its cause, the most certain first. */
  causes: z.array(z.string()),
  message: z.string(),
});

/** The outcome of one gate, data only. */
export const verdictSchema = z.strictObject({
  /** `recall@10{ef:100}: mean >= 0.95` */
  name: z.string(),
  /** Dataset that was judged, in a run over several; absent in any other. */
  dataset: z.string().optional(),
  measure: z.string(),
  unit: z.string(),
  aggregate: z.string(),
  level: z.enum(['warn', 'error']),
  source: z.string(),
  state,
  expected: z.string(),
  found: z.string(),
  interval: z.strictObject({ low: z.number(), high: z.number() }).nullable(),
  n: number,
  message: z.string(),
  findings: z.array(findingSchema),
});

/** How a run's gates compare with those that were locked. */
export const lockStateSchema = z.strictObject({
  state: z.enum(['none', 'same', 'differs']),
  /** Gates that were added, taken away or changed since. */
  changed: z.array(z.string()),
});

/** `verdicts.json` */
export const verdictsSchema = z.strictObject({
  schema: z.literal(VERDICT_SCHEMA),
  run: z.string(),
  /** Where the gates come from, if not from the run's own suite. */
  suite: z.string(),
  inconclusive: z.enum(['off', 'warn', 'error']),
  baseline: z
    .strictObject({
      name: z.string().nullable(),
      runs: z.array(z.string()),
      pairing: z.enum(['paired', 'unpaired']),
    })
    .nullable(),
  lock: lockStateSchema,
  /** `failed`: exit code 1; `error`: a gate could not be judged, exit code 2. */
  outcome: z.enum(['passed', 'failed', 'error']),
  verdicts: z.array(verdictSchema),
});

export type VerdictState = z.infer<typeof state>;
export type Finding = z.infer<typeof findingSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
export type Verdicts = z.infer<typeof verdictsSchema>;
export type LockState = z.infer<typeof lockStateSchema>;

const ORDER: readonly VerdictState[] = ['pass', 'inconclusive', 'fail', 'error'];

/** The worst of several states; undefined of none. */
export function worst(states: readonly VerdictState[]): VerdictState | undefined {
  return states.toSorted((a, b) => ORDER.indexOf(b) - ORDER.indexOf(a))[0];
}

/** What the verdicts mean for the exit code. Warnings never fail; inconclusive ones as the suite says. */
export function outcomeOf(
  verdicts: readonly Verdict[],
  inconclusive: Verdicts['inconclusive'],
): Verdicts['outcome'] {
  const binding = verdicts.filter(({ level }) => level === 'error');
  if (binding.some(({ state }) => state === 'error')) return 'error';
  const failed = binding.some(
    ({ state }) => state === 'fail' || (state === 'inconclusive' && inconclusive === 'error'),
  );
  return failed ? 'failed' : 'passed';
}
