import { z } from 'zod';
import { InputError } from '../../common/errors.js';
import type { Flags } from '../cutover/flags.js';

/** What the application and this command tell each other, in the table of switches of the change log. */

/** `TrafficRamp`'s own: the share of reads that the target answers. */
const RAMP = 'ramp';
/** `on` once somebody has agreed that the target is asked; of one instance: `ShadowReader.summary()`, written from time to time. */
const SHADOW = 'shadow';
/** Of one instance: reads that each side has answered. */
const READS = 'reads';
/** The load, by its time, whose target has had the log from its first entry on. */
const LOADED = 'loaded';
/** When the target has taken over: the application may stop writing to the source. Empty: somebody went back since. */
const FINISHED = 'finished';

const mean = z.object({ n: z.int().nonnegative(), mean: z.number().optional() });
const summary = z.object({
  answered: z.int().nonnegative(),
  candidate: mean,
  noise: mean.optional(),
  left: z.record(z.string(), z.int().nonnegative()).default({}),
});
const answered = z.object({ answered: z.int().nonnegative(), failed: z.int().nonnegative() });
const reads = z.object({ source: answered, target: answered });
const ramp = z.object({ share: z.number().min(0).max(1), rolledBack: z.string().optional() });

export type ShadowSum = { compared: number; agreement: number | undefined; left: Record<string, number> };
export type ReadCounts = z.infer<typeof reads>;
export type RampSwitch = z.infer<typeof ramp>;

/** Of all instances together. */
export async function shadowOf(flags: Flags, instances: readonly string[]): Promise<ShadowSum> {
  let [compared, sum] = [0, 0];
  const left: Record<string, number> = {};
  for (const each of await all(flags, SHADOW, instances, summary)) {
    compared += each.candidate.n;
    sum += each.candidate.n * (each.candidate.mean ?? 0);
    for (const [why, count] of Object.entries(each.left)) left[why] = (left[why] ?? 0) + count;
  }
  return { compared, agreement: compared === 0 ? undefined : sum / compared, left };
}

/** Reads of all instances since they were first looked at, whatever was started anew since. */
export interface ReadTotals {
  now: ReadCounts;
  /** By instance, as it told last. */
  seen: Readonly<Record<string, ReadCounts>>;
}

/** An instance counts since it began: one that tells less than before has begun anew. */
export async function readsOfAll(
  flags: Flags,
  instances: readonly string[],
  before: ReadTotals | undefined,
): Promise<ReadTotals> {
  const now = structuredClone(before?.now ?? noReads());
  const seen: Record<string, ReadCounts> = { ...before?.seen };
  for (const instance of instances) {
    const [told] = await all(flags, READS, [instance], reads);
    if (told === undefined) continue;
    const last = seen[instance] ?? noReads();
    const isAnew = SIDES.some(
      (side) => told[side].answered < last[side].answered || told[side].failed < last[side].failed,
    );
    for (const side of SIDES)
      for (const what of ['answered', 'failed'] as const)
        now[side][what] += told[side][what] - (isAnew ? 0 : last[side][what]);
    seen[instance] = told;
  }
  return { now, seen };
}

const SIDES = ['source', 'target'] as const;
const noReads = (): ReadCounts => ({
  source: { answered: 0, failed: 0 },
  target: { answered: 0, failed: 0 },
});

export async function rampOf(flags: Flags): Promise<RampSwitch> {
  const text = await flags.get(RAMP);
  return text === null ? { share: 0 } : parsed(ramp, text, RAMP);
}

export function setRamp(flags: Flags, value: RampSwitch): Promise<void> {
  return flags.set(RAMP, JSON.stringify(value));
}

/** The application may ask the target behind the source's back from now on. */
export function setShadow(flags: Flags): Promise<void> {
  return flags.set(SHADOW, 'on');
}

export function setFinished(flags: Flags, time: string): Promise<void> {
  return flags.set(FINISHED, time);
}

export function loadedOf(flags: Flags): Promise<string | null> {
  return flags.get(LOADED);
}

export function setLoaded(flags: Flags, load: string): Promise<void> {
  return flags.set(LOADED, load);
}

/** The way back was given up, and is wanted after all. @returns whether it had been */
export async function takeBackFinished(flags: Flags): Promise<boolean> {
  const finished = await flags.get(FINISHED);
  if (finished === null || finished === '') return false;
  await flags.set(FINISHED, '');
  return true;
}

async function all<T>(
  flags: Flags,
  name: string,
  instances: readonly string[],
  schema: z.ZodType<T>,
): Promise<T[]> {
  const found: T[] = [];
  for (const instance of instances) {
    const key = `${name}:${instance}`;
    const text = await flags.get(key);
    if (text !== null) found.push(parsed(schema, text, key));
  }
  return found;
}

function parsed<T>(schema: z.ZodType<T>, text: string, name: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new InputError('is not what the application is to write there', {
      where: `switch ${name}`,
      got: text.slice(0, 200),
      next: 'docs/migration.md says what it is',
      cause,
    });
  }
}
