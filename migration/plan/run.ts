import { EXIT, FailureError, InterruptedError, messageOf, VecproofError } from '../../common/errors.js';
import type { Decision, Ended, StageName } from './events.js';
import { putAside } from './folder.js';
import { evidenceOf, hashOf } from './hash.js';
import type { Journal } from './journal.js';
import { readsOf, type Stage, type StageResult } from './stage.js';
import { STAGES, stagesOf } from './stages.js';
import { isPaused, type StageStatus, statusOf } from './status.js';

export type Outcome =
  | { state: 'ready' }
  | { state: 'waiting'; stage: StageName; decisions: readonly Decision[] }
  | { state: 'under-way'; stage: StageName; why: string }
  | { state: 'paused' }
  | { state: 'failed'; stage: StageName; problem: string };

/**
 * Runs what is to be run, stage after stage, until a decision is awaited, something is found that stops the migration,
 * or all is done. What is done already is believed only if its evidence is as it was written.
 *
 * @throws what a stage throws, once it is in the log
 */
export async function runStages(journal: Journal): Promise<Outcome> {
  // Large results are read once in a process.
  const intact = new Set<StageName>();
  if (isPaused(journal.events)) return { state: 'paused' };
  for (;;) {
    const outcome = await new Pass(journal, intact).run();
    if (outcome !== undefined) return outcome;
  }
}

/** Once through all stages. */
class Pass {
  readonly #journal: Journal;
  readonly #intact: Set<StageName>;
  readonly #digests = new Map<StageName, string>();

  constructor(journal: Journal, intact: Set<StageName>) {
    this.#journal = journal;
    this.#intact = intact;
  }

  /** Undefined: a result that was believed turned out to be none, begin again. */
  async run(): Promise<Outcome | undefined> {
    for (const stage of stagesOf(this.#journal.parsed)) {
      let now = await this.#status(stage);
      if (now.state !== 'waiting' && now.state !== 'done') {
        for (const name of readsOf(stage, this.#journal.parsed))
          if (!(await this.#isBacked(name))) return undefined;
        now = await this.#begin(now);
      }
      if (now.state === 'done' && isUnsettled(now)) now = await this.#settle(now);
      if (now.state === 'waiting') return { state: 'waiting', stage: stage.name, decisions: now.open };
      if (now.state === 'under-way') return { state: 'under-way', stage: stage.name, why: now.why ?? '' };
      if (now.state !== 'done') return { state: 'failed', stage: stage.name, problem: now.why ?? now.state };
      this.#digests.set(stage.name, (now.ended as Extract<Ended, { digest: string }>).digest);
    }
    return { state: 'ready' };
  }

  #status(stage: Stage): Promise<StageStatus> {
    const { parsed, events, folder } = this.#journal;
    return statusOf(stage, parsed, events, this.#digests, folder);
  }

  /** A manifest stands for files that may be large: they are read before something depends on them. */
  async #isBacked(name: StageName): Promise<boolean> {
    const stage = STAGES.find((each) => each.name === name)!;
    if (this.#intact.has(name) || stage.check === undefined) return true;
    const why = await stage.check(this.#journal.work(stage));
    if (why === undefined) this.#intact.add(name);
    else this.#distrust(name, why);
    return why === undefined;
  }

  #distrust(stage: StageName, why: string): void {
    this.#journal.listener.onNotice(`${why}: the result of ${stage} is not believed, and made again`);
    this.#journal.append({ type: 'distrusted', stage, why });
  }

  /** Puts aside what no longer counts, and runs a stage to its end. */
  async #begin({ stage, key, inputs, started, state, why }: StageStatus): Promise<StageStatus> {
    const journal = this.#journal;
    if (state === 'distrusted') this.#distrust(stage.name, why!);
    if (state === 'changed' || state === 'edited')
      journal.listener.onNotice(`${stage.name} runs again: ${why}`);
    const anew = state === 'distrusted' || state === 'again' || state === 'changed';
    if (started !== undefined && anew && stage.keepsOutput !== true) putAside(journal.folder, stage.output);
    const thresholds = stage.locked === undefined ? {} : { thresholds: hashOf(stage.locked(journal.parsed)) };
    const { name } = stage;
    journal.append({ type: 'stage-started', stage: name, key: key!, inputs: inputs!, ...thresholds });
    await journal.listener.onStage(name, 'started');
    const begun = performance.now();
    const seconds = () => (performance.now() - begun) / 1000;
    try {
      const result = this.#blocked(stage, thresholds) ?? (await stage.run(journal.work(stage)));
      await this.#end(result, { stage: name, key: key!, seconds: seconds() });
    } catch (error) {
      if (journal.surroundings.signal.aborted || error instanceof InterruptedError) throw error;
      await this.#fail(error, { stage: name, key: key!, seconds: seconds() });
      throw toldBySystem(error, name);
    }
    this.#intact.add(name);
    return this.#status(stage);
  }

  #blocked(stage: Stage, { thresholds }: { thresholds?: string }): StageResult | undefined {
    const decision = thresholds && this.#journal.changedThresholds(stage, thresholds);
    return decision ? { state: 'blocked', evidence: [], decisions: [decision] } : undefined;
  }

  async #end(result: StageResult, about: Pick<Ended, 'stage' | 'key' | 'seconds'>): Promise<void> {
    const journal = this.#journal;
    const evidence = await Promise.all(result.evidence.map((file) => evidenceOf(journal.folder, file)));
    const { json } = journal.parsed.redactor;
    const at = { type: 'stage-ended', ...about, evidence } as const;
    if (result.state === 'failed') {
      const waits = result.waits === true ? { waits: true as const } : {};
      const { problem } = result;
      journal.append({ ...at, state: 'failed', problem: json(problem), exitCode: EXIT.gateFailed, ...waits });
    } else {
      const { state, decisions, digest = hashOf(evidence) } = result;
      journal.append({ ...at, state, digest, decisions: json([...decisions]) });
    }
    await journal.listener.onStage(about.stage, 'ended');
  }

  async #fail(error: unknown, about: Pick<Ended, 'stage' | 'key' | 'seconds'>): Promise<void> {
    const { parsed, listener } = this.#journal;
    const bad = error instanceof VecproofError && error.exitCode === EXIT.badInput;
    const exitCode = bad ? EXIT.badInput : EXIT.engineOrDatasetFailed;
    const problem = parsed.redactor.text(messageOf(error));
    this.#journal.append({ type: 'stage-ended', ...about, state: 'failed', evidence: [], problem, exitCode });
    await listener.onStage(about.stage, 'ended');
  }

  async #settle({ stage, key, ended }: StageStatus): Promise<StageStatus> {
    const result = await stage.settle!(this.#journal.work(stage));
    await this.#end(result, { stage: stage.name, key: key!, seconds: ended!.seconds });
    return this.#status(stage);
  }
}

/** What a database or the system says beside the engines, which tell their own: it is no mistake of this program. */
function toldBySystem(error: unknown, stage: StageName): unknown {
  const { code } = (error ?? {}) as { code?: unknown };
  if (error instanceof VecproofError || typeof code !== 'string' || code.startsWith('ERR_')) return error;
  return new FailureError(messageOf(error), {
    where: `stage ${stage}`,
    next: 'the same command goes on where it stopped',
    cause: error,
  });
}

/** Decisions are taken, and not yet where the stage needs them. */
function isUnsettled({ stage, ended }: StageStatus): boolean {
  return stage.settle !== undefined && ended?.state === 'done' && ended.decisions.length > 0;
}
