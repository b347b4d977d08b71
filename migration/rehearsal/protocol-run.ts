import { messageOf } from '../../common/errors.js';
import { type Fault, Planting } from './faults/planting.js';
import type { LedgerDifference } from './ledger.js';
import type { FaultResult, Rehearsal, WindowResult } from './model.js';
import { SIDES, type Side } from './protocol.js';
import { GateClosedError, type Rehearsing } from './rehearsing.js';
import { STEPS } from './steps.js';
import { WINDOW_NAMES, WINDOWS, type WindowName } from './windows.js';

export interface ProtocolResult {
  windows: WindowResult[];
  faults: FaultResult[];
  lost: Rehearsal['lost'];
  /** The gate that stayed closed; undefined: all were opened. */
  stopped?: string | undefined;
}

/** Goes through all windows with traffic, and plants the faults of each. */
export async function runProtocol(
  rehearsing: Rehearsing,
  faults: readonly (readonly [Fault, readonly WindowName[]])[],
): Promise<ProtocolResult> {
  const result: ProtocolResult = { windows: [], faults: [], lost: [] };
  try {
    for (const name of WINDOW_NAMES) {
      const here = faults.filter(([, windows]) => windows.includes(name)).map(([fault]) => fault);
      await runWindow(rehearsing, name, here, result);
    }
    await rehearsing.traffic.pause();
    await rehearsing.require(rehearsing.settled());
  } catch (error) {
    if (!(error instanceof GateClosedError)) throw error;
    result.stopped = messageOf(error);
    await rehearsing.traffic.pause();
  }
  result.lost = await lostIn(rehearsing);
  return result;
}

async function runWindow(
  rehearsing: Rehearsing,
  name: WindowName,
  faults: readonly Fault[],
  result: ProtocolResult,
): Promise<void> {
  rehearsing.window = name;
  const { title, does, back } = WINDOWS[name];
  const step = STEPS[name];
  const at = rehearsing.now;
  rehearsing.note('window', title);
  const entry = await rehearsing.require(step.enter(rehearsing));
  await step.begin?.(rehearsing);
  const wentBack: string[] = [];
  for (const fault of faults) wentBack.push(...(await plant(rehearsing, name, fault, result)));
  await step.work(rehearsing);
  const exit = await rehearsing.require(step.exit(rehearsing));
  // As a cutover is made: writes are held, and the log is applied to its end as far as that is done yet.
  const { ifCutOver, ifBack } = await rehearsing.atRest(async () => ({
    ifCutOver: await rehearsing.countsAtRest('target'),
    ifBack: await rehearsing.countsAtRest('source'),
  }));
  result.windows.push({
    window: name,
    title,
    does,
    at,
    seconds: (rehearsing.now - at) / 1000,
    entry,
    exit,
    ifCutOver,
    ifBack,
    back,
    wentBack,
  });
}

/** @returns decisions to go back that were taken */
async function plant(
  rehearsing: Rehearsing,
  window: WindowName,
  fault: Fault,
  result: ProtocolResult,
): Promise<readonly string[]> {
  const at = rehearsing.now;
  rehearsing.note('fault', `${fault.name}: ${fault.title}`);
  const planting = new Planting(rehearsing, window);
  await fault.run(planting);
  if (planting.isComplete) await rehearsing.require(rehearsing.settled());
  // Nothing that is only on its way counts as lost.
  const { after, back } = await rehearsing.atRest(async () => ({
    after: planting.isComplete ? await rehearsing.countsAtRest('target') : {},
    back: await rehearsing.countsAtRest('source'),
  }));
  rehearsing.note('healed', `${fault.name} is over`);
  const expected = planting.caughtBy.filter(({ by }) => fault.expected.includes(by));
  result.faults.push({
    fault: fault.name,
    title: fault.title,
    window,
    at,
    seconds: (rehearsing.now - at) / 1000,
    state: expected.length > 0 ? 'caught' : 'missed',
    expected: [...fault.expected],
    caughtBy: planting.caughtBy,
    wouldHaveLost: planting.wouldHaveLost,
    after: { ...back, ...after },
  });
  return planting.wentBack;
}

/** What each side holds in the end, against what was acknowledged, and where they hold different states of a row. */
async function lostIn(rehearsing: Rehearsing): Promise<Rehearsal['lost']> {
  const lost: Rehearsal['lost'] = [];
  for (const side of SIDES)
    lost.push(...(await rehearsing.differences(side)).map((each) => toldOf(side, each)));
  return [...lost, ...(await disagreements(rehearsing))];
}

/** Writes without an answer may have happened or not; but either on both sides, or on none. */
async function disagreements(rehearsing: Rehearsing): Promise<Rehearsal['lost']> {
  const [source, target] = [
    await rehearsing.link.call('scan', 'source'),
    await rehearsing.link.call('scan', 'target'),
  ];
  return rehearsing.parts.ledger
    .disagreements(source, target, rehearsing.parts.mapped?.as)
    .map((each) => toldOf('target', each));
}

function toldOf(side: Side, { kind, id, expected, found }: LedgerDifference): Rehearsal['lost'][number] {
  return {
    side,
    kind,
    id: String(id),
    ...(expected !== undefined && { expected }),
    ...(found !== undefined && { found }),
  };
}
