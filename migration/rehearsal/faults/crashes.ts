import { PORTIONS } from '../portions.js';
import type { StopPlace } from '../protocol.js';
import { WINDOW_NAMES, type WindowName } from '../windows.js';
import type { Fault, Planting } from './planting.js';

/** Where the process is killed in each window: behind something that was done, before that was noted. */
const STEPS: Readonly<Record<Exclude<WindowName, 'finish'>, StopPlace>> = {
  capture: 'capture:marked',
  snapshot: 'snapshot:page',
  backfill: 'backfill:written',
  replay: 'replay:applied',
  verify: 'verify:compared',
  shadow: 'shadow:asked',
  ramp: 'ramp:answered',
  observe: 'observe:restarted',
  rollback: 'rollback:flipped',
};
type Step = keyof typeof STEPS;
const STEP_NAMES = WINDOW_NAMES.filter((name): name is Step => name !== 'finish');

/** kill -9 at a place, and a start on what is on disk. */
async function killAt(planting: Planting, place: StopPlace): Promise<void> {
  const { rehearsing, window } = planting;
  const portion = PORTIONS[window as Step];
  await rehearsing.injure({ kind: 'stop-at', place });
  const stopped = rehearsing.link.stopped();
  // It ends with the process that is killed under it.
  const under = portion(rehearsing).catch(() => undefined);
  await planting.within(stopped, `the process stops at ${place}`);
  await rehearsing.kill(`kill -9 at ${place}`);
  await under;
  await rehearsing.resume(() => lookAt(planting));
}

/** Before anything goes on; writes are held. */
async function lookAt(planting: Planting): Promise<void> {
  if (!planting.isComplete) return;
  planting.wouldHaveLost = await planting.rehearsing.countsAtRest('target');
}

export const CRASH_FAULTS: readonly Fault[] = [
  {
    name: 'crash-in-step',
    title: 'kill -9 in the step itself',
    windows: STEP_NAMES,
    expected: ['resume'],
    async run(planting) {
      const { rehearsing, window } = planting;
      await killAt(planting, STEPS[window as Step]);
      await PORTIONS[window as Step](rehearsing);
      planting.noticed(
        'resume',
        `the step was done again from where it was durable (${STEPS[window as Step]})`,
      );
    },
  },
  {
    name: 'crash-between-writes',
    title: 'kill -9 when a write is in the log and not yet in the source',
    windows: ['backfill', 'replay', 'shadow', 'ramp', 'observe'],
    expected: ['resume'],
    async run(planting) {
      const { rehearsing } = planting;
      const { unknown } = rehearsing.traffic.counts;
      await killAt(planting, 'write:logged');
      const open = rehearsing.traffic.counts.unknown - unknown;
      const settled = planting.isComplete ? await rehearsing.settled() : await rehearsing.sourceSettled();
      if (settled.state === 'open')
        planting.noticed(
          'resume',
          `${open} writes had no answer; those that the log held were written to the source before anything else`,
        );
    },
  },
  {
    name: 'crash-after-source',
    title: 'kill -9 when a write is in log and source and not yet in the target',
    windows: ['replay', 'ramp'],
    expected: ['resume'],
    async run(planting) {
      const { rehearsing } = planting;
      await killAt(planting, 'write:source-written');
      const settled = await rehearsing.settled();
      if (settled.state === 'open') planting.noticed('resume', 'the replay went on from its cursor');
    },
  },
];
