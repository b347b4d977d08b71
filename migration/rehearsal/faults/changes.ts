import type { PointId } from '../../../engines/contract/ids.js';
import type { Fault, Planting } from './planting.js';

const HOUR = 3_600_000;
/** Far more than what is needed for it to be evident beside other updates. */
const MOST_EMBEDDED = 2000;
/** Of each window another one: those of the windows before are taken by both sides by then. */
const OTHER_MODEL = 'another-model';

/** What the log delivers is not what was written once and in order. */
function deliveryFault(kind: 'duplicate' | 'reorder', title: string): Fault {
  return {
    name: kind === 'duplicate' ? 'duplicated-events' : 'reordered-events',
    title,
    windows: ['replay', 'ramp', 'observe'],
    expected: ['versions'],
    async run(planting) {
      const { rehearsing } = planting;
      const before = await rehearsing.status();
      await rehearsing.injure({ kind });
      let superseded = 0;
      await planting.until(async () => {
        const id = rehearsing.someRow();
        await rehearsing.write('metadata', id);
        await rehearsing.write('metadata', id);
        superseded = (await rehearsing.status()).superseded - before.superseded;
        return superseded > 5;
      });
      if (superseded > 0)
        planting.noticed('versions', `${superseded} changes came again or too late, and were not written`);
      await rehearsing.heal();
    },
  };
}

async function lostDelete(planting: Planting): Promise<void> {
  const { rehearsing } = planting;
  const before = await rehearsing.status();
  await rehearsing.injure({ kind: 'lose-deletes', side: 'target' });
  await rehearsing.write('delete', rehearsing.someRow());
  await planting.until(async () => {
    const { retried, lastError } = await rehearsing.status();
    if (retried > before.retried && lastError !== undefined) planting.noticed('retry', lastError);
    return planting.caughtBy.length > 0;
  });
  planting.wouldHaveLost = await rehearsing.countsAtRest('target');
  await rehearsing.heal();
}

async function deletesReturn(planting: Planting): Promise<void> {
  const { rehearsing } = planting;
  const id = rehearsing.someRow();
  const point = rehearsing.parts.ledger.latest(id)!;
  await rehearsing.write('delete', id);
  await rehearsing.settled();
  await rehearsing.link.call('tamper', { side: 'target', upsert: [point] });
  await rehearsing.link.call('restart', 'target');
  planting.wouldHaveLost = await rehearsing.countsAtRest('target');
  const { returned } = await rehearsing.link.call('verify');
  if (returned.includes(id)) planting.noticed('deleted rows', `${id} came back with the restart`);
  const { rows } = await rehearsing.link.call('repair');
  rehearsing.note('decision', `${rows} rows are taken from the source again`);
}

export const CHANGE_FAULTS: readonly Fault[] = [
  deliveryFault('duplicate', 'changes are delivered twice'),
  deliveryFault('reorder', 'changes are delivered in another order'),
  {
    name: 'lost-delete',
    title: 'the target acknowledges a delete and does not do it',
    windows: ['replay', 'ramp', 'observe'],
    expected: ['retry'],
    run: (planting) => planting.rehearsing.atRest(() => lostDelete(planting)),
  },
  {
    name: 'deletes-return',
    title: 'a deleted row comes back with a restart of the target',
    windows: ['verify', 'observe'],
    expected: ['deleted rows'],
    run: (planting) => planting.rehearsing.atRest(() => deletesReturn(planting)),
  },
  {
    name: 'clock-skew',
    title: 'the writer’s clock goes back by an hour between two writes of a row',
    windows: ['replay', 'ramp'],
    expected: ['versions'],
    async run(planting) {
      const { rehearsing } = planting;
      const before = await rehearsing.status();
      const id = rehearsing.someRow();
      await rehearsing.write('metadata', id);
      await rehearsing.injure({ kind: 'clock', milliseconds: -HOUR });
      await rehearsing.write('metadata', id);
      await rehearsing.settled();
      const { backwards } = await rehearsing.status();
      if (backwards > before.backwards)
        planting.noticed(
          'versions',
          `${backwards - before.backwards} changes with a clock behind an older one were written, by the log’s order`,
        );
      await rehearsing.heal();
    },
  },
  {
    name: 'newer-update',
    title: 'rows are updated and deleted before the backfill reaches them',
    windows: ['backfill'],
    expected: ['conditional backfill'],
    run: (planting) => planting.rehearsing.held(() => newerUpdate(planting)),
  },
  {
    name: 're-embedding',
    title: 'rows are embedded anew, and nobody has said so',
    windows: ['replay'],
    expected: ['re-embedding'],
    run: (planting) => planting.rehearsing.atRest(() => reembedding(planting)),
  },
  {
    name: 'embedding-version',
    title: 'writes come with vectors of another model',
    windows: ['replay', 'ramp'],
    expected: ['embedding hold'],
    async run(planting) {
      const { rehearsing } = planting;
      const version = `${OTHER_MODEL}@${planting.window}`;
      await rehearsing.injure({ kind: 'embedding', version });
      let held = 0;
      const isHeld = async () => {
        held = (await rehearsing.status()).held;
        return held > 0;
      };
      if (await planting.until(isHeld))
        planting.noticed('embedding hold', `${held} changes wait, the first of ${version}`);
      await planting.measure();
      await rehearsing.heal();
      rehearsing.note('decision', `both sides take ${version}`);
      await rehearsing.link.call('embedding', version);
    },
  },
];

/** Other updates are held: they would hide it for a while, as they do in an application. */
async function reembedding(planting: Planting): Promise<void> {
  const { rehearsing } = planting;
  let refused: string | undefined;
  let left = new Set<PointId>();
  for (let write = 0; write < MOST_EMBEDDED && refused === undefined; write++) {
    // All rows, one after the other, as a job would.
    if (left.size === 0) left = new Set(rehearsing.parts.ledger.certain());
    const id = rehearsing.someRow(left);
    left.delete(id);
    await rehearsing.write('embedding', id);
    ({ refused } = await rehearsing.status());
  }
  if (refused !== undefined) planting.noticed('re-embedding', refused);
  planting.wouldHaveLost = await rehearsing.countsAtRest('target');
  rehearsing.note('decision', 'rows may be embedded anew from now on');
  await rehearsing.link.call('allowReembedding');
}

/**
 * The replay runs ahead of the backfill: an update and a delete of rows that the backfill is still to write. Other writes
 * are held: they could take these rows out of what the fault is about.
 */
async function newerUpdate(planting: Planting): Promise<void> {
  const { rehearsing } = planting;
  const there = new Set((await rehearsing.link.call('scan', 'target')).map(({ id }) => id));
  // Rows of the copy: what was inserted since is no business of the backfill.
  const ahead = new Set(rehearsing.parts.ledger.untouched().filter((id) => !there.has(id)));
  const before = await rehearsing.status();
  await rehearsing.link.call('replay');
  const updated = rehearsing.someRow(ahead);
  await rehearsing.write('metadata', updated);
  ahead.delete(updated);
  await rehearsing.write('delete', rehearsing.someRow(ahead));
  await rehearsing.settled();
  for (let done = false; !done; ) {
    const step = await rehearsing.link.call('backfill');
    done = step.done === step.total;
  }
  const after = await rehearsing.status();
  const keptNewer = after.keptNewer - before.keptNewer;
  const keptDeleted = after.keptDeleted - before.keptDeleted;
  if (keptNewer > 0 && keptDeleted > 0)
    planting.noticed(
      'conditional backfill',
      `${keptNewer} rows of the copy were not written over newer ones, ${keptDeleted} not brought back`,
    );
  // What a backfill without the condition would have written.
  planting.wouldHaveLost = { older: keptNewer, deleted: keptDeleted };
}
