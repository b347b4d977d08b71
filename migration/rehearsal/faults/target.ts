import { messageOf } from '../../../common/errors.js';
import { PORTIONS } from '../portions.js';
import type { Injury } from '../protocol.js';
import type { WindowName } from '../windows.js';
import type { Fault, Planting } from './planting.js';

type Kind = 'down' | 'slow' | 'erroring' | 'full';
const SLOW_MS = 400;

function injuryOf(kind: Kind): Injury {
  return kind === 'slow' ? { kind, side: 'target', milliseconds: SLOW_MS } : { kind, side: 'target' };
}

/** The target does not do what it is asked, for a while. */
function targetFault(kind: Kind, title: string, windows: readonly WindowName[]): Fault {
  return {
    name: `target-${kind}`,
    title,
    windows,
    expected: ['cursor', 'retry', 'backlog gate', 'shadow', 'ramp gate'],
    async run(planting) {
      const { rehearsing, window } = planting;
      await rehearsing.injure(injuryOf(kind));
      if (window === 'backfill') await whileBackfilling(planting);
      else if (window === 'shadow') await whileShadowing(planting);
      else if (window === 'ramp' || window === 'observe') await whileAnswering(planting, kind);
      else await whileReplaying(planting);
      await planting.measure();
      await rehearsing.heal();
    },
  };
}

async function whileBackfilling(planting: Planting): Promise<void> {
  const { rehearsing } = planting;
  // An error that comes now and then may spare a batch.
  await planting.until(async () => {
    try {
      await PORTIONS.backfill(rehearsing);
      return false;
    } catch (error) {
      planting.noticed(
        'cursor',
        `the backfill ended with “${messageOf(error)}”, and begins that batch again`,
      );
      return true;
    }
  });
}

async function whileReplaying(planting: Planting): Promise<void> {
  const { rehearsing } = planting;
  const before = await rehearsing.status();
  await rehearsing.traffic.more(6);
  await planting.until(async () => {
    const { retried, backlog, lastError } = await rehearsing.status();
    if (retried > before.retried && lastError !== undefined)
      planting.noticed(
        'retry',
        `“${lastError}”: the same changes are applied again until they are acknowledged`,
      );
    else if (backlog.target > 0)
      planting.noticed('backlog gate', `${backlog.target} changes behind: the window does not end`);
    return planting.caughtBy.length > 0;
  });
}

async function whileShadowing(planting: Planting): Promise<void> {
  const { rehearsing } = planting;
  const { failedReads } = rehearsing.traffic.counts;
  const { shadow: before } = await rehearsing.status();
  await planting.until(async () => {
    await PORTIONS.shadow(rehearsing);
    const { shadow } = await rehearsing.status();
    const [failed, dropped] = [shadow.failed - before.failed, shadow.dropped - before.dropped];
    const missed = rehearsing.traffic.counts.failedReads - failedReads;
    if (failed + dropped > 0 && missed === 0)
      planting.noticed(
        'shadow',
        `${failed} comparisons failed and ${dropped} were dropped; no answer of the source failed`,
      );
    return planting.caughtBy.length > 0;
  });
}

async function whileAnswering(planting: Planting, kind: Kind): Promise<void> {
  const { rehearsing } = planting;
  if (kind === 'down' || kind === 'erroring') {
    const { failedReads } = rehearsing.traffic.counts;
    const failed = () => rehearsing.traffic.counts.failedReads - failedReads;
    const noticed = await planting.until(async () => {
      await PORTIONS.ramp(rehearsing);
      return failed() > 0;
    });
    if (noticed) {
      const { share } = await rehearsing.status();
      planting.noticed('ramp gate', `${failed()} reads failed at a share of ${share * 100}%`);
      await planting.wentBackTo(0, `reads of the target failed (${kind})`);
    }
  }
  await whileReplaying(planting);
}

export const TARGET_FAULTS: readonly Fault[] = [
  targetFault('down', 'the target is down', ['backfill', 'replay', 'shadow', 'ramp', 'observe']),
  targetFault('slow', 'the target is slow', ['replay', 'shadow', 'ramp']),
  targetFault('erroring', 'the target answers with errors', ['backfill', 'replay', 'shadow', 'ramp']),
  targetFault('full', 'the target’s disk is full', ['backfill', 'replay', 'ramp']),
];
