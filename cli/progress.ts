import pc from 'picocolors';
import { oneLine } from '../common/visible.js';
import type { LiveEvent, LoggedEvent, RunEvent } from '../harness/model/events.js';
import type { PlannedBuild } from '../harness/model/plan.js';
import { CLEAR_LINE, type Terminal } from './terminal.js';

const LIVE_MS = 100;
const PLAIN_MS = 10_000;

/** A count that goes up, and since when. */
interface Counter {
  name: string;
  total: number;
  unit: string;
  start: number;
  done: number;
  /** What was done before: it counts for no rate. */
  before?: number;
}

/** Shows a run while it goes on: a live line for a person, else at most one plain line in ten seconds. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #colors;
  #line = '';
  #shown = Number.NEGATIVE_INFINITY;
  /** What is to be measured, in turn. */
  #builds: readonly PlannedBuild[] = [];
  #build: PlannedBuild | undefined;
  /** When the first attempt at each build began. */
  readonly #begun = new Map<string, number>();
  #phase: (Counter & { trial: string | undefined }) | undefined;
  /** What goes on before the first build. */
  #preparation: Counter | undefined;
  /** When the first event came: quick preparations are worth no plain line. */
  #first: number | undefined;
  #trials = { done: 0, total: 0 };
  #failed = 0;
  #ticker: NodeJS.Timeout | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#colors = pc.createColors(terminal.live && terminal.color);
  }

  /** Takes the live line away for good; a second call does nothing. */
  end(): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#clear();
  }

  take(event: RunEvent): void {
    this.#first ??= performance.now();
    if (this.#terminal.live) this.#ticker ??= setInterval(() => this.#show(), LIVE_MS).unref();
    switch (event.type) {
      case 'preparation':
        this.#prepare(event);
        return;
      case 'plan':
        this.#plan(event.builds, new Set(event.finished));
        return;
      case 'buildBegin':
        this.#turnTo(event.build);
        break;
      case 'phaseBegin': {
        const { phase: name, trial, total, unit } = event;
        // Builds that are held side by side are searched in turns.
        this.#turnTo(event.build);
        this.#phase = { name, trial, total, unit, start: performance.now(), done: 0 };
        break;
      }
      case 'progress':
        if (this.#phase !== undefined) this.#phase.done = event.done;
        break;
      case 'notice':
        // Of the preparation, most of them: no reason to keep the first line of a build back.
        this.#say(event.message, false);
        return;
      case 'warning':
        this.#say(`warning: ${event.message}`);
        return;
      case 'trialEnd':
        this.#turnTo(event.build);
        this.#trials.done++;
        if (event.state === 'failed') this.#failed++;
        break;
      case 'buildEnd':
        this.#finished(event);
        return;
      case 'runBegin':
      case 'runEnd':
      case 'phase':
        return;
    }
    this.#show();
  }

  #prepare({ task: name, done, total, unit }: LiveEvent & { type: 'preparation' }): void {
    // Work of several parts under one name counts each of them anew.
    if (this.#preparation?.name !== name || done < this.#preparation.done)
      this.#preparation = { name, total, unit, done, start: performance.now(), before: done };
    Object.assign(this.#preparation, { done, total });
    if (this.#terminal.live || performance.now() - this.#first! >= PLAIN_MS) this.#show();
  }

  #plan(plan: readonly PlannedBuild[], finished: ReadonlySet<string>): void {
    this.#builds = plan.filter(({ trials }) => trials.some(({ id }) => !finished.has(id)));
    this.#trials = { done: finished.size, total: plan.reduce((sum, { trials }) => sum + trials.length, 0) };
    this.#preparation = undefined;
    // Of the dataset before, if there was one: its builds have the same ids.
    this.#build = undefined;
    this.#begun.clear();
    this.#phase = undefined;
    this.#failed = 0;
  }

  #turnTo(id: string): void {
    if (this.#build?.id === id) return;
    this.#build = this.#builds.find((build) => build.id === id);
    this.#phase = undefined;
    if (!this.#begun.has(id)) this.#begun.set(id, performance.now());
  }

  /** Takes the live line away, so that other output can follow. */
  #clear(): void {
    if (this.#terminal.live && this.#line !== '') this.#terminal.err.write(CLEAR_LINE);
    this.#line = '';
  }

  /** A line for people, above the live line. Off a terminal it counts as the line of its ten seconds. */
  #say(text: string, counts = true): void {
    this.#clear();
    this.#terminal.err.write(`${text}\n`);
    if (counts && !this.#terminal.live) this.#shown = performance.now();
  }

  #finished({ build: id, state, error }: LoggedEvent & { type: 'buildEnd' }): void {
    this.#turnTo(id);
    const build = this.#build;
    if (!this.#terminal.live || build === undefined) {
      this.#show();
      return;
    }
    const { green, red, yellow, dim } = this.#colors;
    const mark = { completed: green('✓'), failed: red('✗'), skipped: yellow('–'), aborted: yellow('–') }[
      state
    ];
    const seconds = (performance.now() - this.#begun.get(id)!) / 1000;
    const note = error === undefined ? `${build.trials.length} trials` : error.split('\n')[0];
    this.#say(`${mark} ${describeBuild(build)} ${dim(`${seconds.toFixed(1)} s, ${note}`)}`);
  }

  #show(): void {
    const now = performance.now();
    if (now - this.#shown < (this.#terminal.live ? LIVE_MS : PLAIN_MS)) return;
    this.#shown = now;
    const text = this.#text(now);
    if (!this.#terminal.live) {
      this.#terminal.err.write(`${text}\n`);
      return;
    }
    this.#line = oneLine(text).slice(0, Math.max(20, (this.#terminal.err.columns ?? 80) - 1));
    this.#terminal.err.write(`${CLEAR_LINE}${this.#line}`);
  }

  #text(now: number): string {
    const build = this.#build;
    if (build === undefined)
      return this.#preparation === undefined ? 'starting' : counterText(this.#preparation, now);
    const phase = this.#phase;
    const failed = this.#failed > 0 ? ` (${this.#failed} failed)` : '';
    // The build's name comes last: a narrow terminal cuts it off, not the figures.
    const parts = [
      `build ${this.#builds.indexOf(build) + 1} of ${this.#builds.length}`,
      ...(phase === undefined ? [] : [phaseText(phase, build, now)]),
      `trials ${this.#trials.done} of ${this.#trials.total}${failed}`,
      describeBuild(build),
    ];
    return parts.join(' · ');
  }
}

export function describeBuild(build: PlannedBuild): string {
  const rest = Object.entries(build.index).filter(([key]) => key !== 'type' && key !== 'quantization');
  const again = build.replica === undefined ? [] : [`(build ${build.replica})`];
  return [oneLine(build.series), ...rest.map(([key, value]) => `${key}=${value}`), ...again].join(' ');
}

function phaseText(phase: Counter & { trial: string | undefined }, build: PlannedBuild, now: number): string {
  const search = build.trials.find(({ id }) => id === phase.trial)?.search ?? {};
  const name = [phase.name, ...Object.entries(search).map(([key, value]) => `${key}=${value}`)].join(' ');
  return counterText({ ...phase, name }, now);
}

/** `load 4000/20000 points, 1500/s, 11 s left`; without a rate as long as there is none. Bytes come in MB. */
export function counterText({ name, total, unit, start, done, before = 0 }: Counter, now: number): string {
  const seconds = (now - start) / 1000;
  if (done === before || seconds < 0.2) return `${name} ${seconds.toFixed(0)} s`;
  const rate = (done - before) / seconds;
  const left = `${((total - done) / rate).toFixed(0)} s left`;
  if (unit !== 'bytes') return `${name} ${done}/${total} ${unit}, ${Math.round(rate)}/s, ${left}`;
  return `${name} ${megabytes(done)}/${megabytes(total)} MB, ${megabytes(rate)} MB/s, ${left}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
