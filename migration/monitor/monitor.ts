import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { InputError } from '../../common/errors.js';
import { makeFolder, writeFileAtomic } from '../../common/files.js';
import { takeLock } from '../../common/lock.js';
import type { Secret } from '../../common/redact.js';
import { readTextFile } from '../../harness/app/places.js';
import type { Surroundings } from '../connections/reach.js';
import { type ParsedPlan, parsePlan } from '../plan/parse.js';
import { shellWord } from '../plan/words.js';
import { alertOf } from './alarm.js';
import { appendAlert, findAlert } from './alerts.js';
import type { MonitorView, PlaceHealth } from './model.js';
import { type RoundResult, runRound } from './round.js';
import type { SignalEvent } from './signals.js';
import { freshState, keepLast, MONITOR, MOST, readState, writeState } from './state.js';
import { type Subject, subjectOf } from './subject.js';
import { viewOf } from './view.js';
import { Watch } from './watch.js';

export interface MonitorOptions {
  /** The plan, as it was given. */
  plan: string;
  /** Where `.migrations/` is. */
  home: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  /** From now on these values must not be shown or stored. */
  hide(secrets: readonly Secret[]): void;
  /** Milliseconds since 1970. */
  now?: (() => number) | undefined;
}

export const VIEW = 'monitor.json';

/** Opens the plan and its folder. */
export async function openMonitored({ plan, home, cwd, env, signal, hide }: MonitorOptions): Promise<{
  parsed: ParsedPlan;
  folder: string;
  surroundings: Surroundings;
  subject: Subject;
}> {
  const path = resolve(cwd, plan);
  const parsed = {
    ...(await parsePlan(readTextFile(path, 'the plan'), plan, env, dirname(path))),
    file: path,
  };
  hide(parsed.secrets);
  const folder = join(resolve(home), '.migrations', parsed.plan.name);
  if (!existsSync(folder))
    throw new InputError('has not begun', {
      where: plan,
      next: `begin it with "vecproof migrate ${shellWord(plan)}"`,
    });
  const surroundings = { cwd: dirname(path), env, signal };
  return { parsed, folder, surroundings, subject: subjectOf(parsed, folder, surroundings) };
}

const NOT_ASKED = (place: string): PlaceHealth => ({ place, state: 'not asked' });

/** A watch of one migration. Its state is on disk after every round; another process goes on from there. */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #folder: string;
  readonly #subject: Subject;
  readonly #surroundings: Surroundings;
  readonly #watch: Watch;
  readonly #release: () => void;
  readonly #now: () => number;
  #last: RoundResult;
  #every: number;

  private constructor(
    options: MonitorOptions,
    opened: Awaited<ReturnType<typeof openMonitored>>,
    release: () => void,
  ) {
    this.#options = options;
    this.#folder = opened.folder;
    this.#subject = opened.subject;
    this.#surroundings = opened.surroundings;
    this.#release = release;
    this.#now = options.now ?? Date.now;
    const now = new Date(this.#now()).toISOString();
    const { monitor } = opened.parsed.plan;
    this.#every = monitor.every;
    this.#watch = new Watch(
      monitor,
      readState(opened.folder) ?? freshState(now),
      now,
      opened.parsed.files.queries,
    );
    const { source, target } = opened.parsed;
    this.#last = {
      known: undefined,
      places: { source: NOT_ASKED(source), target: NOT_ASKED(target) },
      markers: { state: 'off', why: 'nothing was asked yet' },
    };
    // What a crash has cut off between the state and the list of alerts.
    const missing = this.#watch.state.alerts.at(-1);
    if (missing !== undefined && findAlert(this.#folder, missing.id) === undefined)
      appendAlert(this.#folder, missing);
  }

  /**
   * @throws InputError for a plan with faults, a migration that has no mapping yet, or one that another process watches
   */
  static async open(options: MonitorOptions): Promise<Monitor> {
    const opened = await openMonitored(options);
    makeFolder(join(opened.folder, MONITOR));
    const lock = takeLock(join(opened.folder, MONITOR, '.lock'));
    if (lock.state === 'held')
      throw new InputError(`is watched by process ${lock.by} already`, { where: opened.folder });
    try {
      return new Monitor(options, opened, lock.release);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get folder(): string {
    return this.#folder;
  }

  /** Verdicts that changed are alerts. */
  async round(): Promise<MonitorView> {
    const watch = this.#watch;
    const before = watch.verdicts();
    this.#last = await runRound({
      subject: this.#subject,
      folder: this.#folder,
      surroundings: this.#surroundings,
      watch,
      known: this.#last.known,
      now: this.#now,
      save: () => writeState(this.#folder, watch.state),
    });
    const { state } = watch;
    const alerts = [];
    for (const change of watch.changesSince(before)) {
      // That a limit is kept was to be shown: it is news only after it was not.
      if (change.to !== 'fail' && change.from !== 'fail') continue;
      alerts.push(
        await alertOf(change, {
          number: ++state.alertCount,
          time: new Date(this.#now()).toISOString(),
          plan: this.#options.plan,
          watch,
          subject: this.#subject,
          known: this.#last.known,
        }),
      );
    }
    const { redactor } = this.#subject.parsed;
    for (const alert of redactor.json(alerts)) {
      state.alerts.push(alert);
      keepLast(state.alerts, MOST.alerts);
      writeState(this.#folder, state);
      appendAlert(this.#folder, alert);
    }
    writeState(this.#folder, state);
    const view = this.view();
    writeFileAtomic(join(this.#folder, MONITOR, VIEW), `${JSON.stringify(view, undefined, 2)}\n`);
    return view;
  }

  /** Rounds until the signal, or the end of `forSeconds`; each begins when its time has come, however long the last one took. */
  async run(
    { every = this.#every, forSeconds }: { every?: number | undefined; forSeconds?: number | undefined },
    onRound: (view: MonitorView) => void,
  ): Promise<MonitorView> {
    this.#every = every;
    const begun = performance.now();
    for (let next = begun; ; ) {
      const view = await this.round();
      onRound(view);
      next = Math.max(next + every * 1000, performance.now());
      if (forSeconds !== undefined && next - begun > forSeconds * 1000) return view;
      await pause(next - performance.now(), undefined, { signal: this.#options.signal });
    }
  }

  takeSignals(events: readonly SignalEvent[]): void {
    this.#watch.takeSignals(events);
  }

  view(): MonitorView {
    const { redactor } = this.#subject.parsed;
    return redactor.json(
      viewOf({
        watch: this.#watch,
        subject: this.#subject,
        last: this.#last,
        folder: this.#folder,
        plan: this.#options.plan,
        every: this.#every,
        at: new Date(this.#now()).toISOString(),
      }),
    );
  }

  async close(): Promise<void> {
    await this.#subject.source.close();
    await this.#subject.target.close();
    this.#release();
  }
}
