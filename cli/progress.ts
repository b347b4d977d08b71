import pc from 'picocolors';
import type { LoggedEvent, RunEvent } from '../harness/model/events.js';
import type { PlannedBuild } from '../harness/model/plan.js';
import type { Context } from './context.js';

const LIVE_MS = 100;
const PLAIN_MS = 10_000;

/** Shows a run while it goes on: a live line for a person, else at most one plain line in ten seconds. */
export class Progress {
  readonly #context: Context;
  readonly #colors;
  #line = '';
  #shown = 0;
  /** What is to be measured, in turn. */
  readonly #builds: readonly PlannedBuild[];
  #build: PlannedBuild | undefined;
  /** When the first attempt at each build began. */
  readonly #begun = new Map<string, number>();
  #phase:
    | { name: string; trial: string | undefined; total: number; unit: string; start: number; done: number }
    | undefined;
  #trials = { done: 0, total: 0 };
  #failed = 0;
  #ticker: NodeJS.Timeout | undefined;

  /** @param finished ids of trials that are not measured again */
  constructor(context: Context, plan: readonly PlannedBuild[], finished: ReadonlySet<string>) {
    this.#context = context;
    this.#builds = plan.filter(({ trials }) => trials.some(({ id }) => !finished.has(id)));
    this.#trials = { done: finished.size, total: plan.reduce((sum, { trials }) => sum + trials.length, 0) };
    this.#colors = pc.createColors(context.live && context.color);
    if (context.live) this.#ticker = setInterval(() => this.#show(), LIVE_MS).unref();
  }

  end(): void {
    clearInterval(this.#ticker);
    this.clear();
  }

  take(event: RunEvent): void {
    switch (event.type) {
      case 'buildBegin':
        this.#turnTo(event.build);
        break;
      case 'phaseBegin': {
        const { phase: name, trial, total, unit } = event;
        this.#phase = { name, trial, total, unit, start: performance.now(), done: 0 };
        break;
      }
      case 'progress':
        if (this.#phase !== undefined) this.#phase.done = event.done;
        break;
      case 'notice':
        this.say(event.message);
        return;
      case 'warning':
        this.say(`warning: ${event.message}`);
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
      case 'preparation':
        return;
    }
    this.#show();
  }

  #turnTo(id: string): void {
    if (this.#build?.id === id) return;
    this.#build = this.#builds.find((build) => build.id === id);
    this.#phase = undefined;
    this.#begun.set(id, performance.now());
  }

  /** Takes the live line away, so that other output can follow. */
  clear(): void {
    if (this.#context.live && this.#line !== '') this.#context.err.write('\r\x1b[2K');
    this.#line = '';
  }

  /** A line for people, above the live line. Off a terminal it counts as the line of its ten seconds. */
  say(text: string): void {
    this.clear();
    this.#context.err.write(`${text}\n`);
    if (!this.#context.live) this.#shown = performance.now();
  }

  #finished({ build: id, state, error }: LoggedEvent & { type: 'buildEnd' }): void {
    this.#turnTo(id);
    const build = this.#build;
    if (!this.#context.live || build === undefined) {
      this.#show();
      return;
    }
    const { green, red, yellow, dim } = this.#colors;
    const mark = { completed: green('✓'), failed: red('✗'), skipped: yellow('–'), aborted: yellow('–') }[
      state
    ];
    const seconds = (performance.now() - this.#begun.get(id)!) / 1000;
    const note = error === undefined ? `${build.trials.length} trials` : error.split('\n')[0];
    this.say(`${mark} ${describeBuild(build)} ${dim(`${seconds.toFixed(1)} s, ${note}`)}`);
  }

  #show(): void {
    const now = performance.now();
    if (now - this.#shown < (this.#context.live ? LIVE_MS : PLAIN_MS)) return;
    this.#shown = now;
    const text = this.#text(now);
    if (!this.#context.live) {
      this.#context.err.write(`${text}\n`);
      return;
    }
    this.#line = text.slice(0, Math.max(20, (this.#context.err.columns ?? 80) - 1));
    this.#context.err.write(`\r\x1b[2K${this.#line}`);
  }

  #text(now: number): string {
    const build = this.#build;
    if (build === undefined) return 'starting';
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
  return [build.series, ...rest.map(([key, value]) => `${key}=${value}`), ...again].join(' ');
}

function phaseText(
  phase: {
    name: string;
    trial: string | undefined;
    total: number;
    unit: string;
    start: number;
    done: number;
  },
  build: PlannedBuild,
  now: number,
): string {
  const search = build.trials.find(({ id }) => id === phase.trial)?.search ?? {};
  const name = [phase.name, ...Object.entries(search).map(([key, value]) => `${key}=${value}`)].join(' ');
  const seconds = (now - phase.start) / 1000;
  if (phase.done === 0 || seconds < 0.2) return `${name} ${seconds.toFixed(0)} s`;
  const rate = phase.done / seconds;
  const left = (phase.total - phase.done) / rate;
  return `${name} ${phase.done}/${phase.total} ${phase.unit}, ${Math.round(rate)}/s, ${left.toFixed(0)} s left`;
}
