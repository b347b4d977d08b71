import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '../../common/errors.js';
import { packageInfo } from '../../common/paths.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import { readManifest } from '../export/manifest.js';
import type { MonitorView } from '../monitor/model.js';
import { evidenceOf, hashOf, whyNotIntact } from '../plan/hash.js';
import { CHECKLIST, type ChecklistItem } from './checklist.js';
import { keepCopy, learntFrom, lockedPlan } from './learnt.js';
import { type AnyEvent, NO_LINE, readChained } from './log.js';
import type { MigrationRecord, RecordedFile, RecordedStage, RecordItem } from './model.js';
import { type StageOf, stagesOf } from './stages.js';

export const EVENTS = 'events.jsonl';
/** What was appended since a record was made does not change it. */
export const APPENDED: readonly string[] = [EVENTS, 'decisions.jsonl', 'monitor/alerts.jsonl'];
/** Files that are no stage's evidence, and that a record stands on as well. */
const BESIDE = [...APPENDED, 'plan.lock.yaml'];
const WATCH = 'monitor/monitor.json';

export interface RecordOptions {
  /** Of the migration. */
  folder: string;
  /** Of the plan, where it is known. */
  planFolder?: string | undefined;
  now: string;
}

/**
 * The record of a migration as its folder tells it: of events and files alone, without a database.
 * @throws InputError for a folder without a log, or one whose log was changed by hand
 */
export async function makeRecord({ folder, planFolder, now }: RecordOptions): Promise<MigrationRecord> {
  const log = readChained(join(folder, EVENTS));
  if (log.broken !== undefined)
    throw new InputError('is not as it was written: no record can be made of it', {
      where: `${join(folder, EVENTS)}:${log.broken}`,
      next: 'restore the file from a copy',
    });
  if (log.events.length === 0)
    throw new InputError('holds no migration', {
      where: folder,
      next: 'give the plan, or its folder below .migrations/',
    });
  const locked = lockedPlan(folder, planFolder);
  const learnt = await learntFrom(folder, locked);
  // A watch that goes on writes another one with its next round.
  const watched = keepCopy(folder, join(folder, WATCH), 'monitor.json');
  const kept = [...learnt.kept, ...(watched === undefined ? [] : [await evidenceOf(folder, watched)])];
  return sealed({
    ...(await fromEvents(folder, log.events)),
    vecproof: packageInfo().version,
    madeAt: now,
    name: typeof locked?.plan['name'] === 'string' ? locked.plan['name'] : basename(folder),
    source: textOf(locked?.plan['source']),
    target: textOf(locked?.plan['target']),
    log: { file: EVENTS, events: log.events.length, head: log.hashes.at(-1) ?? NO_LINE },
    learnt,
    watch: watchOf(folder),
    files: await filesOf(folder, log.events, kept),
  });
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What follows from the events: another reader of the same log must come to the same. */
export async function fromEvents(
  folder: string,
  events: readonly AnyEvent[],
): Promise<Pick<MigrationRecord, 'items' | 'others' | 'state' | 'answer' | 'plan' | 'interventions'>> {
  const stages = stagesOf(events);
  const items = await Promise.all(CHECKLIST.map((item) => itemOf(item, stages, events, folder)));
  const listed = new Set(CHECKLIST.flatMap((item) => item.stages));
  const state = items.some((item) => item.state === 'failed')
    ? 'failed'
    : items.every((item) => item.state === 'done')
      ? 'complete'
      : 'open';
  const plans = events.filter(({ type }) => type === 'plan');
  return {
    items,
    others: [...stages.values()].filter(({ stage }) => !listed.has(stage)).map(plain),
    state,
    answer: answerOf(items),
    plan: {
      sha256: String(plans.at(-1)?.['sha256'] ?? NO_LINE),
      changedAt: plans.slice(1).map(({ time }) => time),
    },
    interventions: events
      .filter((event) => typeof event['by'] === 'string' && event.type !== 'accepted')
      .map((event) => ({
        time: event.time,
        what: event.stage === undefined ? event.type : `${event.type} ${event.stage}`,
        by: String(event['by']),
        reason: String(event['reason'] ?? ''),
      })),
  };
}

async function itemOf(
  { item, title, stages: names, says, missing }: ChecklistItem,
  stages: ReadonlyMap<string, StageOf>,
  events: readonly AnyEvent[],
  folder: string,
): Promise<RecordItem> {
  const own = names.map((name) => stages.get(name) ?? notBegun(name));
  const evidence = await Promise.all(
    own
      .flatMap((stage) => stage.evidence)
      .map(async (file) => ({ ...file, intact: (await whyNotIntact(folder, file)) === undefined })),
  );
  const damaged = evidence
    .filter(({ intact }) => !intact)
    .map(({ file }) => `${file} is not as it was written, or missing`);
  const undone = own.filter(({ state }) => state !== 'done').flatMap(wordsOf);
  const begun = own.some(({ state }) => state !== 'not begun');
  const lacking = begun && damaged.length === 0 ? (missing?.(folder) ?? []) : [];
  const open = [...undone, ...damaged, ...lacking];
  const failed = damaged.length > 0 || own.some(({ state }) => state === 'failed' || state === 'doubted');
  const found = damaged.length === 0 && begun ? says?.(folder) : undefined;
  return {
    item,
    title,
    state: failed ? 'failed' : open.length > 0 ? 'open' : 'done',
    ...(found !== undefined && { says: found }),
    stages: own.map(plain),
    evidence,
    decisions: events
      .filter(({ type, stage }) => type === 'accepted' && stage !== undefined && names.includes(stage))
      .map((event) => ({
        time: event.time,
        stage: event.stage!,
        decision: String(event['decision']),
        words: String(event['words']),
        reason: String(event['reason']),
        by: String(event['by']),
      })),
    open,
  };
}

function notBegun(stage: string): StageOf {
  return { stage, state: 'not begun', attempts: 0, evidence: [], digest: undefined, awaited: [] };
}

function wordsOf({ stage, state, why, awaited }: StageOf): string[] {
  if (awaited.length > 0) return awaited.map((words) => `${stage}: awaited: ${words}`);
  return [`${stage}: ${state}${why === undefined ? '' : `: ${why.split('\n', 1)[0]}`}`];
}

/** Without what is not told. */
function plain({ stage, state, why, attempts, startedAt, endedAt, seconds }: StageOf): RecordedStage {
  return {
    stage,
    state,
    ...(why !== undefined && { why }),
    attempts,
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(seconds !== undefined && { seconds }),
  };
}

function answerOf(items: readonly RecordItem[]): string {
  const done = items.filter(({ state }) => state === 'done').length;
  const failed = items.filter(({ state }) => state === 'failed').map(({ title }) => title.toLowerCase());
  const open = items.filter(({ state }) => state === 'open').map(({ title }) => title.toLowerCase());
  if (done === items.length)
    return `All ${items.length} items of the checklist are done, each with its evidence.`;
  return [
    `${done} of ${items.length} items are done.`,
    ...(failed.length > 0 ? [`Failed: ${failed.join('; ')}.`] : []),
    ...(open.length > 0 ? [`Open: ${open.join('; ')}.`] : []),
  ].join(' ');
}

function watchOf(folder: string): MigrationRecord['watch'] {
  const path = join(folder, WATCH);
  if (!existsSync(path)) return null;
  try {
    const view = JSON.parse(readRegularText(path, MOST_RECORD)) as MonitorView;
    return {
      state: view.state,
      since: view.begunAt,
      at: view.at,
      rounds: view.totals.rounds,
      alpha: view.alpha,
      alerts: readChained(join(folder, 'monitor', 'alerts.jsonl')).events.length,
      gates: view.gates.map(({ name, limit, verdict, observed }) => ({ name, limit, verdict, observed })),
    };
  } catch {
    return null;
  }
}

/** Every evidence that counts, the parts that a manifest stands for, and what lies beside them; each once. */
async function filesOf(
  folder: string,
  events: readonly AnyEvent[],
  kept: readonly RecordedFile[],
): Promise<RecordedFile[]> {
  const evidence = [...stagesOf(events).values()].flatMap((stage) => stage.evidence);
  const parts = evidence.some(({ file }) => file === 'export/manifest.json') ? partsOf(folder) : [];
  const beside = await Promise.all(
    BESIDE.filter((file) => existsSync(join(folder, file))).map((file) => evidenceOf(folder, file)),
  );
  const all = new Map([...evidence, ...parts, ...kept, ...beside].map((each) => [each.file, each]));
  return [...all.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** As the manifest of the export says, whose own hash is evidence. */
function partsOf(folder: string): RecordedFile[] {
  try {
    const { parts } = readManifest(join(folder, 'export'));
    return parts.map(({ file, sha256, bytes }) => ({ file: `export/${file}`, sha256, bytes }));
  } catch {
    // It is not as it was written, which its hash says.
    return [];
  }
}

/** With the sum of all of it. */
export function sealed(record: Omit<MigrationRecord, 'version' | 'sum'>): MigrationRecord {
  const whole = { version: 1 as const, ...record };
  return { ...whole, sum: sumOf(whole) };
}

export function sumOf({ sum: _, ...record }: Omit<MigrationRecord, 'sum'> & { sum?: string }): string {
  return hashOf(record);
}
