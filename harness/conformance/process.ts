import type { ConnectOptions } from '../../engines/contract/engine.js';
import type { TaskContext } from '../process/task.js';
import { loadContender } from './contender.js';
import { cacheDataIn } from './data.js';
import type { ChecksJob, ChecksTypes } from './job.js';
import { declared, runChecks } from './runner.js';
import { never, type Reached } from './session.js';
import { checkEngine } from './suite.js';

/** Runs checks in this process, from `job.from` on. */
export async function runTask(job: ChecksJob, context: TaskContext<ChecksTypes>): Promise<void> {
  const { send, signal } = context;
  const { reference, mode, from, nameEnd, workFolder } = job;
  cacheDataIn(job.cacheFolder);
  const contender = {
    ...(await loadContender(reference)),
    folder: workFolder,
    nameEnd,
    reach: reaching(job, context),
  };
  if (job.endpoint !== undefined) await requireAnswer(contender);
  const checks = declared((api) => checkEngine(api, contender, mode));
  await runChecks((api) => checkEngine(api, contender, mode), {
    from,
    signal,
    onStep: async (step) => {
      await send({ type: 'step', step });
      const subject = step.kind === 'check' ? checks[step.at]!.title : step.kind;
      const phase = step.kind === 'check' && step.long ? 'sweep' : 'check';
      await send({ type: 'begin', phase, subject, total: 1, unit: '' });
    },
    onResult: (result, at) => send({ type: 'result', at, result }),
  });
}

/** A server that does not answer is told once, and not by every check. */
async function requireAnswer({ definition, reach, folder }: Reached & { folder: string }): Promise<void> {
  const connected = await definition.connect({ folder, threads: 1, seed: 7, ...(await reach?.()) }, never);
  await connected.close();
}

/** How the engine's server is reached; a restart may move it. */
function reaching({ mode, endpoint, restartable }: ChecksJob, { restartServer }: TaskContext<ChecksTypes>) {
  let current = endpoint;
  const restart: ConnectOptions['restartServer'] = async (how) => {
    current = await restartServer(how);
    return current;
  };
  return async (): Promise<Pick<ConnectOptions, 'endpoint' | 'mode' | 'restartServer'>> =>
    mode === undefined ? {} : { endpoint: current, mode, restartServer: restartable ? restart : undefined };
}
