import { setTimeout as pause } from 'node:timers/promises';
import type { BuildContext } from './context.js';
import { waitUntil } from './executors/wait.js';
import type { Sharing } from './job.js';
import type { Trial } from './trial.js';

/** Later than the others by more than that (ms) is told at once. */
const LATE_MS = 50;
/** From then on (ms before) it is waited for exactly. */
const NEAR_MS = 1000;

/** The moment at which a pass begins on all machines. */
export interface CommonStart {
  /** Resolves at that moment; at once, where it has passed. */
  wait(): Promise<void>;
  /** @param begin of the pass, as of performance.now() */
  note(begin: number): void;
}

/** By this machine's clock: whether those of the machines agree is seen when their runs are merged. */
export function commonStart(
  { send, signal, clock }: Pick<BuildContext, 'send' | 'signal' | 'clock'>,
  { slots, index, of }: Sharing,
  trial: Trial,
  repetition: number,
): CommonStart {
  const { begin: wanted } = slots.get(trial.id)![repetition]!;
  return {
    wait: async () => {
      // A clock that is set meanwhile is looked at again.
      while (wanted - Date.now() > NEAR_MS) await pause((wanted - Date.now()) / 2, undefined, { signal });
      await waitUntil(performance.now() + wanted - Date.now(), signal);
      const late = Date.now() - wanted;
      if (late <= LATE_MS) return;
      const what = `shard ${index} of ${of} begins pass ${repetition + 1} of ${trial.id} ${(late / 1000).toFixed(2)} s late`;
      await send({ type: 'warning', message: `${what}: it was not ready at the common time` });
    },
    note: (begin) => {
      const pass = {
        pass: repetition,
        begin: Math.round(Date.now() + begin - performance.now()),
        at: begin - trial.origin!,
      };
      const passes = [...(trial.shared?.passes ?? []), pass].sort((a, b) => a.pass - b.pass);
      trial.shared = { passes, ...(clock && { clock }) };
    },
  };
}
