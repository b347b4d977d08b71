import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { InputError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
import type { Secret } from '../../common/redact.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import { readTextFile } from '../../harness/app/places.js';
import type { Surroundings } from '../connections/reach.js';
import type { StageName } from './events.js';
import { FILES, lockMigration, makePlace } from './folder.js';
import { type Followed, follow } from './follow.js';
import { hashOf } from './hash.js';
import { Journal, type Listener } from './journal.js';
import { type ParsedPlan, parsePlan } from './parse.js';
import { rollBack } from './roll-back.js';
import { type Outcome, runStages } from './run.js';
import { synchroniseStage } from './stages/synchronise.js';
import { type MigrationView, viewOf } from './view.js';

export interface MigrationOptions {
  /** The plan, as it was given. */
  plan: string;
  /** Where `.migrations/` is. */
  home: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  /** From now on these values must not be shown or stored. */
  hide(secrets: readonly Secret[]): void;
}

export interface MigrateOptions extends MigrationOptions, Omit<Listener, 'onStage'> {
  /** Decisions that are taken, by their id; the part before its colon stands for all of a kind. */
  accept: readonly string[];
  /** Stages that are run anew. */
  again: readonly StageName[];
  /** Why; for `accept` and `again`. */
  reason?: string | undefined;
  /** Stops before the next stage until it is resumed, or lets the source answer all reads again. */
  command?: 'pause' | 'resume' | 'rollback' | undefined;
  /** Who; the user of this process if absent. */
  by?: string | undefined;
  /** A stage begins, or has ended. */
  onStage(view: MigrationView, stage: StageName, what: 'started' | 'ended'): void;
}

/**
 * Takes a migration as far as it goes.
 * @throws InputError for a plan with faults, a decision that nobody awaits, or a folder that another process works in
 * @throws VecproofError of a stage
 */
export async function migrate(options: MigrateOptions): Promise<{ outcome: Outcome; view: MigrationView }> {
  const parsed = await openPlan(options);
  const folder = folderOf(parsed, options.home);
  const release = lockMigration(folder);
  try {
    const { onProgress, onNotice, onRun } = options;
    const journal: Journal = journalOf(parsed, folder, options, {
      onProgress,
      onNotice,
      onRun,
      onStage: async (stage, what) => options.onStage(await viewOf(journal, options.plan), stage, what),
    });
    notePlan(journal);
    await decide(journal, options);
    const outcome = (await obey(journal, options)) ?? (await runStages(journal));
    return { outcome, view: await viewOf(journal, options.plan) };
  } finally {
    release();
  }
}

/** Where a migration stands; nothing is changed. */
export async function migrationStatus(options: MigrationOptions): Promise<MigrationView> {
  const parsed = await openPlan(options);
  const folder = folderOf(parsed, options.home);
  const silent: Listener = { onProgress: () => {}, onNotice: () => {}, onStage: () => {} };
  return viewOf(journalOf(parsed, folder, options, silent), options.plan);
}

/**
 * Applies the change log of a migration to its target until it is interrupted.
 * @throws InputError for a plan without a cutover, or one whose target is not loaded yet
 */
export async function followMigration(
  options: MigrationOptions,
  onTold: (followed: Followed) => void,
  onNotice: (message: string) => void,
): Promise<void> {
  const parsed = await openPlan(options);
  if (parsed.plan.cutover === undefined)
    throw new InputError('has no cutover, and so no log to follow', { where: options.plan });
  const silent: Listener = { onProgress: () => {}, onNotice, onStage: () => {} };
  const journal = journalOf(parsed, folderOf(parsed, options.home), options, silent);
  const { stages } = await viewOf(journal, options.plan);
  if (stages.find(({ name }) => name === 'load')?.state !== 'done')
    throw new InputError('is not loaded yet: there is no target to bring up to the log', {
      where: options.plan,
      next: `"vecproof migrate ${options.plan}" goes on with it`,
    });
  await follow(journal.work(synchroniseStage), onTold, onNotice);
}

/** @throws InputError for a file that cannot be read, SuiteError with every fault of the plan */
export async function openPlan({ plan, cwd, env, hide }: MigrationOptions): Promise<ParsedPlan> {
  const path = resolve(cwd, plan);
  const parsed = await parsePlan(readTextFile(path, 'the plan'), plan, env, dirname(path));
  hide(parsed.secrets);
  return { ...parsed, file: path };
}

function folderOf({ plan }: ParsedPlan, home: string): string {
  return join(resolve(home), '.migrations', plan.name);
}

/** Places in a plan start where the plan is. */
export function surroundingsOf(
  { file }: ParsedPlan,
  { env, signal }: Pick<MigrationOptions, 'env' | 'signal'>,
): Surroundings {
  return { cwd: dirname(file), env, signal };
}

function journalOf(
  parsed: ParsedPlan,
  folder: string,
  options: MigrationOptions & { by?: string | undefined },
  listener: Listener,
): Journal {
  const { env, by } = options;
  return new Journal(parsed, folder, surroundingsOf(parsed, options), by ?? userOf(env), listener);
}

function userOf(env: NodeJS.ProcessEnv): string {
  const named = ['GITHUB_ACTOR', 'GITLAB_USER_LOGIN', 'USER', 'LOGNAME', 'USERNAME'].map((name) => env[name]);
  return named.find((name) => name !== undefined && name !== '') ?? nameInSystem() ?? 'unknown';
}

function nameInSystem(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return undefined;
  }
}

function notePlan(journal: Journal): void {
  const { parsed, folder, events } = journal;
  const last = events.findLast((event) => event.type === 'plan');
  if (last?.sha256 === parsed.sha256 && existsSync(join(folder, FILES.lock))) return;
  const before = last === undefined ? undefined : readLock(join(folder, FILES.lock));
  const changed = before === undefined ? [] : changedParts(before, parse(parsed.text));
  if (changed.length > 0) journal.listener.onNotice(`the plan has changed: ${changed.join(', ')}`);
  makePlace(folder);
  journal.notePlan(changed);
}

function readLock(path: string): unknown {
  try {
    return parse(readRegularText(path, MOST_RECORD));
  } catch {
    // It is for people: what is to run is decided by the log.
    return undefined;
  }
}

function changedParts(before: unknown, now: unknown): string[] {
  const [a, b] = [before, now].map((each) => (each ?? {}) as Record<string, unknown>);
  const names = new Set([...Object.keys(a!), ...Object.keys(b!)]);
  return [...names].filter((name) => hashOf(a![name] ?? null) !== hashOf(b![name] ?? null)).sort();
}

async function decide(journal: Journal, { accept, again, reason, plan }: MigrateOptions): Promise<void> {
  if (accept.length === 0 && again.length === 0) return;
  if (reason === undefined || reason.trim() === '')
    throw new InputError('a decision needs a reason', { next: 'add --reason "why"' });
  const { decisions } = await viewOf(journal, plan);
  const chosen = accept.flatMap((what) => {
    const found = decisions.filter(({ id }) => id === what || id.split(':')[0] === what);
    if (found.length > 0) return found;
    const ids = decisions.map(({ id }) => id);
    throw new InputError(suggest(`no decision "${what}" is awaited`, what, ids, awaited(ids)), {
      next: `"vecproof migrate ${plan} --status" shows what is awaited`,
    });
  });
  for (const { stage, ...decision } of chosen) journal.accept(stage, decision, reason, journal.by);
  for (const stage of again)
    journal.append({ type: 'again', stage, by: journal.by, reason: journal.parsed.redactor.text(reason) });
}

/** What is asked for beside going on; undefined: it goes on. */
async function obey(journal: Journal, { command, reason }: MigrateOptions): Promise<Outcome | undefined> {
  if (command === undefined) return undefined;
  if (reason === undefined || reason.trim() === '')
    throw new InputError('a decision needs a reason', { next: 'add --reason "why"' });
  if (command === 'rollback') return rollBack(journal, reason);
  const type = command === 'pause' ? 'paused' : 'resumed';
  journal.append({ type, by: journal.by, reason: journal.parsed.redactor.text(reason) });
  return command === 'pause' ? { state: 'paused' } : undefined;
}

function awaited(ids: readonly string[]): string {
  return ids.length === 0 ? 'None is.' : `Awaited: ${ids.join(', ')}.`;
}
