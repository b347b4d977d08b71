import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import { makeFolder } from '../../common/files.js';
import { takeLock } from '../../common/lock.js';
import { supervise } from '../process/supervisor.js';
import { type ChecksJob, type ChecksMessage, type ChecksTypes, checksTask } from './job.js';
import type { CheckResult, Declared, Step } from './runner.js';
import type { ChecksServer } from './server.js';

export interface SupervisedChecks {
  /** What the checks' process will declare. */
  checks: readonly Declared[];
  job: Pick<ChecksJob, 'reference' | 'mode' | 'cacheFolder'>;
  server: ChecksServer | undefined;
  /** Empty, and removed by whoever made it. */
  folder: string;
  /** Seconds that a check may take, and one that builds several indexes. */
  deadlineSeconds: Readonly<Record<ChecksTypes['deadline'], number>>;
  onResult(result: CheckResult): void;
  signal: AbortSignal;
}

/**
 * Runs all checks in a process of their own. A check that ends this process, or does not end in time, has failed; a new
 * process goes on behind it.
 *
 * @throws FailureError if a process ends before it has begun a check
 */
export async function superviseChecks(options: SupervisedChecks): Promise<void> {
  const { checks, folder, server, signal } = options;
  const lock = join(folder, 'lock');
  takeLock(lock);
  for (let from = 0; from < checks.length && !signal.aborted; ) {
    await server?.revive();
    from = await attempt(options, lock, from);
  }
}

/** One process; resolves with the index of the first check that is left. */
async function attempt(options: SupervisedChecks, lock: string, from: number): Promise<number> {
  const { checks, server, folder, deadlineSeconds, signal } = options;
  const progress = new Progress(options);
  const workFolder = join(folder, `work-${from}`);
  makeFolder(workFolder);
  const end = await supervise<ChecksTypes>({
    task: checksTask,
    input: {
      ...options.job,
      endpoint: server?.endpoint,
      restartable: server?.restartable ?? false,
      nameEnd: server?.nameEnd,
      from,
      workFolder,
    },
    workFolder,
    leavings: { lock, folders: [folder], temporariesIn: [], container: server?.handle },
    limits: { memoryLimitBytes: null, deadlineSeconds },
    signal,
    onMessage: (message) => progress.take(message),
    server,
  });
  if (end.state !== 'failed') return checks.length;
  return progress.failed(server === undefined ? end.error : server.redact(server.explain(end.error)));
}

/** What a process has told of its checks. */
class Progress {
  readonly #options: SupervisedChecks;
  #step: Step | undefined;
  /** Of the last step. */
  #begun = performance.now();
  /** The last step's result was told. */
  #told = false;

  constructor(options: SupervisedChecks) {
    this.#options = options;
  }

  take(message: ChecksMessage): void {
    if (message.type === 'step') {
      this.#step = message.step;
      this.#begun = performance.now();
      this.#told = false;
    } else if (message.type === 'result') {
      this.#told = true;
      this.#tell(message.result);
    }
  }

  /** Records what the process's end has cost; the index of the first check that is left. */
  failed(error: string): number {
    const step = this.#step;
    const { checks } = this.#options;
    if (step === undefined) throw new FailureError(`the checks cannot begin: ${error}`);
    const seconds = (performance.now() - this.#begun) / 1000;
    const lost = (check: Pick<Declared, 'path' | 'title'>) =>
      this.#tell({ path: check.path, title: check.title, seconds, state: 'failed', error });
    switch (step.kind) {
      case 'check': {
        const check = checks[step.at]!;
        lost(this.#told ? { ...check, title: `after "${check.title}"` } : check);
        return step.at + 1;
      }
      case 'before':
        for (const check of checks.slice(step.from, step.to)) if (!check.skipped) lost(check);
        return step.to;
      case 'after':
        lost({ path: checks[step.from]!.path, title: 'clean-up' });
        return step.to;
    }
  }

  #tell(result: CheckResult): void {
    const redact = this.#options.server?.redact;
    const hidden = redact !== undefined && result.state === 'failed';
    this.#options.onResult(hidden ? { ...result, error: redact(result.error) } : result);
  }
}
