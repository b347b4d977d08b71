import type { ParameterSet } from '../../common/parameters.js';
import type { PlannedTrial, Workload } from './plan.js';

/** Which part of a load one of several machines sends. */
export interface LoadShare {
  /** From 1. */
  index: number;
  of: number;
}

/** When a pass begins on every machine, and until when answers of it may come; ms since 1970. */
export interface Slot {
  begin: number;
  end: number;
}

/** Between the end of a pass and the next one (s): its samples are written, the next pass is prepared. */
const LEAST_GAP = 5;
/** Of the length of the pass, where that is longer. */
const GAP = 0.1;

/** What is divided among the machines, beside the rates. */
const PLACES = ['clients', 'inFlight'] as const;
const RATES = ['rate', 'from', 'to'] as const;
const TYPES: ReadonlySet<string> = new Set(['constant-clients', 'constant-rate', 'ramping-rate']);

/** Why several machines cannot send a workload together; undefined: they can. */
export function whyNotShared({ type, options }: Workload, of: number): string | undefined {
  if (type === 'serial') return 'one client that waits for each answer is not several';
  if (!TYPES.has(type)) return 'its writes are planned by one process';
  if (options['count'] !== undefined)
    return 'it ends by the number of its queries, which no machine knows of the others: give seconds';
  const few = PLACES.find((key) => options[key] !== undefined && Number(options[key]) < of);
  return few === undefined
    ? undefined
    : `${options[few]} ${few === 'clients' ? 'clients' : 'in flight'} cannot be divided among ${of} machines`;
}

/** The part of a load that one of the machines sends: rates are divided evenly, clients as evenly as they can be. */
export function ownPart({ type, options }: Workload, { index, of }: LoadShare): Workload {
  const own: Record<string, ParameterSet[string]> = { ...options };
  for (const key of PLACES)
    if (own[key] !== undefined) own[key] = Math.ceil((Number(own[key]) - index + 1) / of);
  for (const key of RATES) if (own[key] !== undefined) own[key] = Number(own[key]) / of;
  return { type, options: own };
}

/** Seeds of suites differ by small numbers, and those of passes follow each other. */
const SEED_STEP = 1_000_003;

/** Each machine has arrivals and an order of queries of its own: Poisson arrivals of several are those of all of them. */
export const ownSeed = (seed: number, { index }: LoadShare): number => seed + (index - 1) * SEED_STEP;

/**
 * When each pass begins, by trial and pass, from the plan alone: machines that never talk to each other keep to it. Passes
 * are in the order in which a build measures them: all trials once, then all again in the opposite order.
 */
export function slotsOf(
  trials: readonly PlannedTrial[],
  { repeat, startAt }: { repeat: number; startAt: string },
): ReadonlyMap<string, readonly Slot[]> {
  const slots = new Map<string, Slot[]>(trials.map(({ id }) => [id, []]));
  let begin = Date.parse(startAt);
  for (let pass = 0; pass < repeat; pass++) {
    for (const { id, workload } of pass % 2 === 0 ? trials : trials.toReversed()) {
      const end = begin + 1000 * secondsOf(workload);
      slots.get(id)!.push({ begin, end });
      begin = end + 1000 * gapOf(workload);
    }
  }
  return slots;
}

/** What a shard does and when, in words; undefined: it sends no load together with others. */
export function shareText(
  shard: { index: number; of: number; load?: { startAt: string } | undefined } | undefined,
  trials: readonly PlannedTrial[],
  repeat: number,
): string | undefined {
  if (shard?.load === undefined) return undefined;
  const { index, of, load } = shard;
  const ends = [...slotsOf(trials, { ...load, repeat }).values()].flat().map(({ end }) => end);
  const role = index === 1 ? 'makes the collection and sends' : 'sends';
  return `shard ${index} of ${of} ${role} its part of each load from ${load.startAt} on, until ${new Date(Math.max(...ends)).toISOString()} at the latest`;
}

/** With its warm-up, and until the last query of it is given up. */
export const secondsOf = ({ options }: Workload): number =>
  ['warmUp', 'seconds', 'timeout'].reduce((sum, key) => sum + Number(options[key] ?? 0), 0);

const gapOf = ({ options }: Workload): number => Math.max(LEAST_GAP, GAP * Number(options['seconds'] ?? 0));
