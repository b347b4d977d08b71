import { join, relative } from 'node:path';
import { writeFileAtomic } from '../../common/files.js';
import { packageInfo } from '../../common/paths.js';
import type { DerivedRun } from '../../harness/derive/run.js';
import type { Surroundings } from '../connections/reach.js';
import type { Decision, Ended, PlanEvent, StageName, Started } from './events.js';
import { FILES } from './folder.js';
import { hashOf } from './hash.js';
import { EventLog } from './log.js';
import type { ParsedPlan } from './parse.js';
import type { Stage, Work } from './stage.js';
import { acceptedIn } from './status.js';

/** Who is told what happens. */
export interface Listener {
  onProgress(stage: StageName, done: number, total: number): void;
  onNotice(message: string): void;
  /** A run was measured and judged: its report is to be written into its folder. */
  onRun?: ((run: DerivedRun) => void) | undefined;
  /** A stage begins, or has ended: the page is to be written again. */
  onStage(stage: StageName, what: 'started' | 'ended'): Promise<void> | void;
}

type WithoutTime<T> = T extends unknown ? Omit<T, 'time'> : never;

/** The log of a migration with all that a stage needs; everything that happens goes through it. */
export class Journal {
  readonly parsed: ParsedPlan;
  readonly folder: string;
  readonly surroundings: Surroundings;
  /** Who answers for what is decided in files. */
  readonly by: string;
  readonly listener: Listener;
  readonly #log: EventLog;

  constructor(
    parsed: ParsedPlan,
    folder: string,
    surroundings: Surroundings,
    by: string,
    listener: Listener,
  ) {
    this.parsed = parsed;
    this.folder = folder;
    this.surroundings = surroundings;
    this.by = by;
    this.listener = listener;
    this.#log = new EventLog(join(folder, FILES.events));
  }

  get events(): readonly PlanEvent[] {
    return this.#log.events;
  }

  append(event: WithoutTime<PlanEvent>): void {
    this.#log.append({ ...event, time: new Date().toISOString() } as PlanEvent);
    if (event.type === 'accepted') this.writeDecisions();
  }

  /** The decisions alone, one a line, for people and other programs; the log decides. */
  writeDecisions(): void {
    const lines = this.events
      .filter(({ type }) => type === 'accepted')
      .map((event) => `${JSON.stringify(event)}\n`);
    writeFileAtomic(join(this.folder, FILES.decisions), lines.join(''));
  }

  accept(stage: StageName, { id, subject, words }: Decision, reason: string, by: string): void {
    if (acceptedIn(this.events).has(subject)) return;
    const { json } = this.parsed.redactor;
    this.append({ type: 'accepted', stage, decision: id, subject, ...json({ words, reason, by }) });
  }

  work(stage: Stage): Work {
    const { folder, listener, parsed, surroundings } = this;
    return {
      parsed,
      folder,
      surroundings,
      path: (...names) => join(folder, ...names),
      doubtedAt: this.events.findLast(
        (event) => (event.type === 'distrusted' || event.type === 'again') && event.stage === stage.name,
      )?.time,
      accepted: acceptedIn(this.events),
      accept: (decision, reason) => this.accept(stage.name, decision, reason, this.by),
      onProgress: (done, total) => listener.onProgress(stage.name, done, total),
      onNotice: listener.onNotice,
      onRun: (run) => listener.onRun?.(run),
    };
  }

  /** Thresholds that are others than when there was a result of them: to be accepted before there is another. */
  changedThresholds({ name }: Stage, thresholds: string): Decision | undefined {
    const results = this.events.filter(
      (event): event is Ended =>
        event.type === 'stage-ended' && event.stage === name && event.state !== 'blocked',
    );
    const last = results.at(-1);
    const started = this.events.findLast(
      (event): event is Started =>
        event.type === 'stage-started' && event.stage === name && event.key === last?.key,
    );
    if (started?.thresholds === undefined || started.thresholds === thresholds) return undefined;
    const decision: Decision = {
      id: `thresholds:${name}`,
      subject: hashOf({ name, from: started.thresholds, to: thresholds }),
      words: `the thresholds of ${name} are others than those under which there was a result at ${last!.time}`,
      details: ['thresholds are fixed before results are known; say why these are to count'],
    };
    return acceptedIn(this.events).has(decision.subject) ? undefined : decision;
  }

  /** The plan as it was run, and what of it differs from the one before. */
  notePlan(changed: readonly string[]): void {
    const { parsed, folder } = this;
    const { version } = packageInfo();
    const head = `# The plan of this migration as it was last run, of ${relative(folder, parsed.file)}; sha256 ${parsed.sha256}\n`;
    writeFileAtomic(join(folder, FILES.lock), head + parsed.text);
    this.append({ type: 'plan', vecproof: version, sha256: parsed.sha256, changed: [...changed] });
  }
}
