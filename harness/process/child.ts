import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ConnectionLostError, FailureError } from '../../common/errors.js';
import { compiledModule } from '../../common/paths.js';
import { keepSecrets } from '../../common/secrets.js';
import type { Endpoint } from '../../engines/contract/server.js';
import { failureText } from './phase.js';
import { type ProcessMessage, READY, type ServerReply, type Start, TURN } from './protocol.js';
import { RecordingError, type RunTask, type TaskTypes } from './task.js';
import type { Place } from './turns.js';
import type { WatchdogData } from './watchdog.js';

type Message = ProcessMessage<TaskTypes>;

/** Entry of a task's process: takes one task from the supervisor, runs it, ends. */
async function main(): Promise<void> {
  // Ctrl-C reaches the whole process group; the supervisor decides what it means here.
  process.on('SIGINT', () => undefined);
  const abort = new AbortController();
  // Before the start is waited for: what comes with it in one piece is told before this goes on.
  process.on('message', (message) => {
    if (message === 'abort') abort.abort(new Error('the run was stopped'));
  });
  const { module, input, secrets, leavings } = await receiveStart();
  keepSecrets(secrets);
  const workerData: WatchdogData = { supervisor: process.ppid, leavings };
  startWatchdog(workerData);
  process.once('disconnect', leaveToWatchdog);
  try {
    const { runTask } = (await import(pathToFileURL(compiledModule(module)).href)) as {
      runTask: RunTask<TaskTypes>;
    };
    await send(READY);
    const { signal } = abort;
    await runTask(input, { send, signal, restartServer, turn: (place) => turn(place, signal) });
    await send({ type: 'done' });
  } catch (error) {
    if (error instanceof RecordingError) await send({ type: 'unrecordable', error: error.message });
    else {
      const lost = error instanceof ConnectionLostError;
      await send({ type: 'failed', error: failureText(error), lost });
    }
  }
  // All is written and said. Node's own exit waits for its compiler threads and may wait for ever then
  // (nodejs/node#54918): what was measured would be lost to a deadline.
  process.kill(process.pid, 'SIGKILL');
}

/** The server belongs to the supervisor: it is asked to restart it. */
async function restartServer(how: 'stop' | 'kill'): Promise<Endpoint> {
  const answer = new Promise<ServerReply>((resolve) => {
    const take = (message: unknown) => {
      if ((message as Partial<ServerReply> | undefined)?.type !== 'server') return;
      process.off('message', take);
      resolve(message as ServerReply);
    };
    process.on('message', take);
  });
  await send({ type: 'restartServer', how });
  const reply = await answer;
  if ('error' in reply) throw new FailureError(`the server did not come back: ${reply.error}`);
  return reply.endpoint;
}

/** Who is to come is the supervisor's to say. */
async function turn(place: Place, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const over = new AbortController();
  const come = new Promise<void>((resolve, reject) => {
    const take = (message: unknown) => {
      if (message === TURN) resolve();
    };
    process.on('message', take);
    const stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { signal: over.signal });
    over.signal.addEventListener('abort', () => process.off('message', take));
  });
  // What is sent may fail to, and the signal may come before anybody waits.
  come.catch(() => undefined);
  try {
    await send({ type: 'turn', place });
    await come;
  } finally {
    over.abort();
  }
}

function receiveStart(): Promise<Start> {
  const end = () => process.exit(1);
  process.once('disconnect', end);
  return new Promise((resolve) => {
    process.once('message', (message) => {
      process.off('disconnect', end);
      resolve(message as Start);
    });
  });
}

/**
 * Resolves when the message is handed to the system: a native call that follows cannot hold it back. Never resolves
 * once the supervisor is gone: nobody would record what follows.
 */
function send(message: Message | typeof READY): Promise<void> {
  return new Promise((resolve) => {
    process.send!(message, undefined, undefined, (error) => (error === null ? resolve() : leaveToWatchdog()));
  });
}

/** The supervisor was killed: the watchdog cleans up and ends this process. Should it fail to, this does. */
function leaveToWatchdog(): void {
  setTimeout(() => process.exit(1), 60_000);
}

function startWatchdog(workerData: WatchdogData): void {
  const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 };
  new Worker(compiledModule('harness/process/watchdog.js'), { workerData, resourceLimits }).unref();
}

await main();
