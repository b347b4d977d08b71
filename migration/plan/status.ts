import type { Accepted, Decision, Ended, PlanEvent, StageName, Started } from './events.js';
import { hashOf, whyNotIntact } from './hash.js';
import type { ParsedPlan } from './parse.js';
import { readsOf, type Stage } from './stage.js';

export type StageState =
  /** Not begun, or to be begun: what is before it is not done, or decisions that it waited for are taken. */
  | 'pending'
  | 'done'
  /** Decisions are awaited. */
  | 'waiting'
  | 'failed'
  /** More traffic or time has to pass. */
  | 'under-way'
  /** A process ended in the middle of it. */
  | 'interrupted'
  /** What it depends on is another than it was. */
  | 'changed'
  /** A file that people may change was changed. */
  | 'edited'
  /** A result is not as it was written. */
  | 'distrusted'
  /** Somebody wants it to run anew. */
  | 'again';

/** Where a stage stands, by the events and by what is on disk. */
export interface StageStatus {
  stage: Stage;
  state: StageState;
  /** Why it is not done, in words. */
  why?: string | undefined;
  /** Hash of what it depends on; undefined as long as that is not there. */
  key?: string | undefined;
  inputs?: Record<string, string> | undefined;
  started?: Started | undefined;
  ended?: Ended | undefined;
  /** Decisions that nobody has taken. */
  open: readonly Decision[];
}

/** Somebody has paused it, and nobody has resumed it. */
export function isPaused(events: readonly PlanEvent[]): boolean {
  return events.findLast(({ type }) => type === 'paused' || type === 'resumed')?.type === 'paused';
}

/** Somebody has let the source answer again, and nobody has begun the ramp anew; with who, and why. */
export function rolledBackIn(events: readonly PlanEvent[]): string | undefined {
  const last = events.findLast(
    (event) => event.type === 'rolled-back' || (event.type === 'again' && event.stage === 'ramp'),
  );
  return last?.type === 'rolled-back' ? `rolled back by ${last.by}: ${last.reason}` : undefined;
}

/** Decisions that were taken, by what they are about. */
export function acceptedIn(events: readonly PlanEvent[]): Map<string, Accepted> {
  const taken = events.filter((event): event is Accepted => event.type === 'accepted');
  return new Map(taken.map((event) => [event.subject, event]));
}

/**
 * @param digests results of the stages before it that are done
 * @returns its state; nothing is changed
 */
export async function statusOf(
  stage: Stage,
  parsed: ParsedPlan,
  events: readonly PlanEvent[],
  digests: ReadonlyMap<StageName, string>,
  folder: string,
): Promise<StageStatus> {
  const { started, ended, after } = lastRun(stage.name, events);
  const known = { stage, started, ended, open: [] };
  const inputs = inputsOf(stage, parsed, digests);
  if (inputs === undefined)
    return { ...known, state: 'pending', why: started && 'what it depends on is to be made first' };
  const key = hashOf({ stage: stage.name, inputs });
  const at = { ...known, inputs, key };
  if (started === undefined) return { ...at, state: 'pending' };
  if (started.key !== key) return { ...at, state: 'changed', why: changesOf(started, inputs) };
  if (after?.type === 'distrusted') return { ...at, state: 'distrusted', why: after.why };
  if (after?.type === 'again') return { ...at, state: 'again', why: `${after.by}: ${after.reason}` };
  if (ended === undefined)
    return { ...at, state: 'interrupted', why: `it was begun at ${started.time} and did not end` };
  return { ...at, ...(await endedStatus(stage, ended, events, folder)) };
}

async function endedStatus(
  stage: Stage,
  ended: Ended,
  events: readonly PlanEvent[],
  folder: string,
): Promise<Pick<StageStatus, 'state' | 'why' | 'open'>> {
  for (const each of ended.evidence) {
    const why = await whyNotIntact(folder, each);
    if (why === undefined) continue;
    const editable = stage.editable === each.file && why !== 'is missing';
    return { state: editable ? 'edited' : 'distrusted', why: `${each.file} ${why}`, open: [] };
  }
  const back = stage.name === 'ramp' ? rolledBackIn(events) : undefined;
  if (back !== undefined)
    return { state: 'failed', why: `it was ${back}; --again ramp begins it anew`, open: [] };
  if (ended.state === 'failed')
    return { state: ended.waits === true ? 'under-way' : 'failed', why: ended.problem, open: [] };
  const taken = acceptedIn(events);
  const open = ended.decisions.filter(({ subject }) => !taken.has(subject));
  if (open.length > 0) return { state: 'waiting', why: waitingFor(open.length), open };
  return { state: ended.state === 'done' ? 'done' : 'pending', open };
}

function waitingFor(count: number): string {
  return count === 1 ? 'a decision is awaited' : `${count} decisions are awaited`;
}

/** The last time that it was begun, how that ended, and what has put it in doubt since. */
function lastRun(name: StageName, events: readonly PlanEvent[]) {
  let started: Started | undefined;
  let ended: Ended | undefined;
  let after: Extract<PlanEvent, { type: 'distrusted' | 'again' }> | undefined;
  for (const event of events) {
    if (!('stage' in event) || event.stage !== name) continue;
    if (event.type === 'stage-started') [started, ended, after] = [event, undefined, undefined];
    else if (event.type === 'stage-ended') ended = event;
    else if (event.type !== 'accepted') after = event;
  }
  return { started, ended, after };
}

/** Undefined: a stage that it reads is not done. */
function inputsOf(
  stage: Stage,
  parsed: ParsedPlan,
  digests: ReadonlyMap<StageName, string>,
): Record<string, string> | undefined {
  const inputs: Record<string, string> = { plan: hashOf(stage.inputs(parsed)) };
  for (const name of readsOf(stage, parsed)) {
    const digest = digests.get(name);
    if (digest === undefined) return undefined;
    inputs[name] = digest;
  }
  return inputs;
}

function changesOf(started: Started, inputs: Record<string, string>): string {
  const changed = Object.keys(inputs).filter((name) => started.inputs[name] !== inputs[name]);
  const words = changed.map((name) => (name === 'plan' ? 'its part of the plan' : `the result of ${name}`));
  return `${words.join(' and ')} changed`;
}
