import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Accepted, Decision, Evidence, PlanEvent, StageName } from './events.js';
import { whyNotIntact } from './hash.js';
import type { Journal } from './journal.js';
import type { Figure, Link, Report, Stage, Table } from './stage.js';
import { stagesOf } from './stages.js';
import { isPaused, type StageState, type StageStatus, statusOf } from './status.js';
import { countWords, shellWord } from './words.js';

/** A migration as it stands, for people and programs: all of it derived from its folder. */
export interface MigrationView {
  name: string;
  description?: string | undefined;
  /** The plan, as it was given. */
  plan: string;
  sha256: string;
  folder: string;
  source: string;
  target: string;
  state: 'not begun' | 'unfinished' | 'under-way' | 'paused' | 'waiting' | 'failed' | 'ready' | 'finished';
  /** In one sentence. */
  answer: string;
  stages: readonly StageView[];
  /** What giving up would take and lose. */
  goingBack: string;
  /** Awaited, with the command that takes each. */
  decisions: readonly AwaitedDecision[];
  /** Commands that take several of these at once. */
  groups: readonly string[];
  accepted: readonly Accepted[];
}

export interface AwaitedDecision extends Decision {
  stage: StageName;
  command: string;
}

export interface StageView {
  name: StageName;
  title: string;
  does: string;
  entry: string;
  exit: string;
  state: StageState;
  why?: string | undefined;
  startedAt?: string | undefined;
  endedAt?: string | undefined;
  seconds?: number | undefined;
  /** Times that it was begun. */
  attempts: number;
  evidence: readonly (Evidence & { intact: boolean })[];
  says?: string | undefined;
  figures: readonly Figure[];
  tables: readonly Table[];
  /** Those that are there. */
  links: readonly Link[];
}

export async function viewOf(journal: Journal, given: string): Promise<MigrationView> {
  const digests = new Map<StageName, string>();
  const statuses: StageStatus[] = [];
  for (const stage of stagesOf(journal.parsed)) {
    const now = await statusOf(stage, journal.parsed, journal.events, digests, journal.folder);
    if (now.state === 'done' && now.ended !== undefined && 'digest' in now.ended)
      digests.set(stage.name, now.ended.digest);
    statuses.push(now);
  }
  const stages = await Promise.all(statuses.map((now) => stageView(now, journal)));
  const decisions = statuses.flatMap(({ stage, open }) =>
    open.map((each) => ({ ...each, stage: stage.name, command: commandOf(given, each.id) })),
  );
  const { plan, sha256, source, target, redactor } = journal.parsed;
  const state = stateOf(stages, journal.events);
  return redactor.json({
    name: plan.name,
    description: plan.description,
    plan: given,
    sha256,
    folder: journal.folder,
    source,
    target,
    state,
    answer: answerOf(state, stages, decisions),
    goingBack: goingBackFrom(stages, given),
    stages,
    decisions,
    groups: groupsOf(decisions).map((group) => commandOf(given, group)),
    accepted: journal.events.filter((event): event is Accepted => event.type === 'accepted'),
  });
}

async function stageView(
  { stage, state, why, started, ended }: StageStatus,
  journal: Journal,
): Promise<StageView> {
  const { name, title, does, entry, exit } = stage;
  const evidence = await Promise.all(
    (ended?.evidence ?? []).map(async (each) => ({
      ...each,
      intact: (await whyNotIntact(journal.folder, each)) === undefined,
    })),
  );
  const believed = ['done', 'waiting', 'failed', 'edited', 'under-way'].includes(state);
  const report = believed ? reportOf(stage, ended?.evidence ?? [], journal) : undefined;
  return {
    name,
    title,
    does,
    entry,
    exit,
    state,
    why,
    startedAt: started?.time,
    endedAt: ended?.time,
    seconds: ended?.seconds,
    attempts: journal.events.filter((event) => event.type === 'stage-started' && event.stage === name).length,
    evidence,
    says: report?.says,
    figures: report?.figures ?? [],
    tables: report?.tables ?? [],
    links: (report?.links ?? []).filter(({ file }) => existsSync(join(journal.folder, file))),
  };
}

/** Undefined where the stage ended before it had a result. */
function reportOf(stage: Stage, evidence: readonly Evidence[], journal: Journal): Report | undefined {
  const there = evidence.length > 0 && evidence.every(({ file }) => existsSync(join(journal.folder, file)));
  return there ? stage.report(journal.work(stage)) : undefined;
}

/** Kinds of which more than one is awaited. */
function groupsOf(decisions: readonly Decision[]): string[] {
  const kinds = decisions.map(({ id }) => id.split(':')[0]!);
  return [...new Set(kinds)].filter((kind) => kinds.filter((each) => each === kind).length > 1);
}

function commandOf(plan: string, id: string): string {
  return `vecproof migrate ${shellWord(plan)} --accept ${shellWord(id)} --reason "…"`;
}

function goingBackFrom(stages: readonly StageView[], plan: string): string {
  const ramp = stages.find(({ name }) => name === 'ramp');
  if (ramp === undefined || ramp.attempts === 0)
    return 'Nothing is lost: the source is only read, and the application still uses it. Drop the target’s collection.';
  if (stages.at(-1)!.state === 'done')
    return 'The way back has been given up; as long as the application still writes through the log, the source has every write.';
  return `"vecproof migrate ${shellWord(plan)} --rollback --reason …" lets the source answer all reads again, once it is shown to have every write.`;
}

function stateOf(stages: readonly StageView[], events: readonly PlanEvent[]): MigrationView['state'] {
  if (stages.every(({ state }) => state === 'done'))
    return stages.at(-1)!.name === 'finish' ? 'finished' : 'ready';
  if (isPaused(events)) return 'paused';
  const first = stages.find(({ state }) => state !== 'done')!;
  if (first.state === 'waiting' || first.state === 'failed' || first.state === 'under-way')
    return first.state;
  return stages.every(({ attempts }) => attempts === 0) ? 'not begun' : 'unfinished';
}

function answerOf(
  state: MigrationView['state'],
  stages: readonly StageView[],
  decisions: readonly AwaitedDecision[],
): string {
  const at = stages.find((stage) => stage.state !== 'done');
  const before = stages.findLast((stage) => stage.state === 'done' && stage.says !== undefined);
  const so = before?.says === undefined ? '' : ` So far: ${before.says}.`;
  const count = countWords(decisions.filter(({ stage }) => stage === at?.name).length, 'decision');
  switch (state) {
    case 'ready':
      return `Ready for cutover: ${proven(stages)}.`;
    case 'waiting':
      return `${at!.title} waits for ${count}.${so}`;
    case 'failed':
      return `${at!.title} failed${at!.why === undefined ? '' : `: ${at!.why.split('\n', 1)[0]!.replace(/\.$/, '')}`}.${so}`;
    case 'finished':
      return `Finished: ${stages.at(-1)!.says ?? 'the target has taken over'}.`;
    case 'paused':
      return `Paused before ${at!.name}.${so}`;
    case 'under-way':
      return `${at!.title} is under way: ${at!.why ?? ''}.${so}`;
    case 'not begun':
      return 'Not begun.';
    default:
      return `Unfinished: ${at!.name} is next.${so}`;
  }
}

/** What the last stages have found: equality and parity. */
function proven(stages: readonly StageView[]): string {
  return stages
    .slice(-2)
    .flatMap(({ says }) => says ?? [])
    .join('; ');
}

/** A path for people. */
export function shownPath(path: string, cwd: string): string {
  const here = relative(cwd, path);
  return here.startsWith('..') ? path : here;
}
