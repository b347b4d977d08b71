import { messageOf } from '../../../common/errors.js';
import type { Calls, Request, StopPlace, WorkerConfig } from '../protocol.js';
import { System } from './system.js';

/** The worker of a rehearsal: a process that is there to be killed. */

let system: System | undefined;

/** Says that it has stopped, and goes no further: it is killed here. */
function stop(place: StopPlace): Promise<void> {
  process.send!({ state: 'stopped', place });
  return new Promise(() => {});
}

async function answer({ name, argument }: Request): Promise<unknown> {
  if (name === 'open') {
    system = new System(argument as WorkerConfig, stop);
    return system.open();
  }
  if (system === undefined) throw new Error('nothing is open');
  const calls = system as unknown as Record<keyof Calls, (argument: unknown) => unknown>;
  return calls[name](argument);
}

process.on('message', (request: Request) => {
  const { call } = request;
  void answer(request).then(
    (value) => process.send!({ call, state: 'done', value }),
    (error: unknown) => process.send!({ call, state: 'failed', error: messageOf(error) }),
  );
});
// Who rehearses is gone: so is this.
process.on('disconnect', () => process.exit(0));
