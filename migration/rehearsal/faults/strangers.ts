import type { PointId } from '../../../engines/contract/ids.js';
import { newId } from '../data.js';
import { REVISION } from '../ledger.js';
import type { Fault, Planting } from './planting.js';

/** Numbers of rows that strangers write; the application’s are far below. */
const STRANGE = 900_000_000;

export const STRANGER_FAULTS: readonly Fault[] = [
  {
    name: 'stranger',
    title: 'somebody else writes to the target',
    windows: ['replay', 'verify', 'ramp', 'observe'],
    expected: ['strangers'],
    run: stranger,
  },
  {
    name: 'target-only-writes',
    title: 'an instance of the application writes to the target alone, before going back',
    windows: ['ramp', 'rollback'],
    expected: ['touched rows', 'strangers'],
    run: targetOnly,
  },
];

/** A row of its own, and one of ours written over. */
function stranger(planting: Planting): Promise<void> {
  return planting.rehearsing.atRest(() => strange(planting));
}

async function strange(planting: Planting): Promise<void> {
  const { rehearsing } = planting;
  const { ledger, data } = rehearsing.parts;
  const number = STRANGE + rehearsing.timeline.length;
  const [like] = data.points;
  const foreign = newId(data.spec.ids, number);
  const untouched = new Set(ledger.untouched());
  const ours = untouched.size > 0 ? ledger.latest(rehearsing.someRow(untouched)) : null;
  const over =
    ours === null
      ? []
      : [
          {
            ...ours,
            ...(data.spec.text && { text: 'written by somebody else' }),
            metadata: { ...ours.metadata, [REVISION]: number },
          },
        ];
  const upsert = [{ ...like!, id: foreign, metadata: { ...like!.metadata, [REVISION]: number } }, ...over];
  await rehearsing.link.call('tamper', { side: 'target', upsert });
  planting.wouldHaveLost = await rehearsing.countsAtRest('target');
  const { strangers, differing } = await rehearsing.link.call('verify');
  const found = new Set<PointId>([...strangers, ...differing.map(({ id }) => id)]);
  const noticed = upsert.filter(({ id }) => found.has(id)).length;
  if (noticed === upsert.length)
    planting.noticed('strangers', `${noticed} rows of the target that neither snapshot nor log explains`);
  rehearsing.note('decision', 'whoever wrote them has taken them back');
  await rehearsing.link.call('tamper', {
    side: 'target',
    // Exactly what was there before: of a row that nobody has tried to write since, that is known.
    remove: [foreign],
    upsert: ours === null ? [] : [ours],
  });
}

/** Acknowledged to the application, and unknown to the log: what going back would lose. */
function targetOnly(planting: Planting): Promise<void> {
  return planting.rehearsing.atRest(() => writtenToTarget(planting));
}

async function writtenToTarget(planting: Planting): Promise<void> {
  const { rehearsing } = planting;
  await rehearsing.injure({ kind: 'one-side-writes', side: 'target' });
  const ids = [rehearsing.someRow(), rehearsing.someRow()];
  for (const id of new Set(ids)) await rehearsing.write('metadata', id);
  await rehearsing.heal();
  planting.wouldHaveLost = await rehearsing.countsAtRest('source');
  const { strangers, differing } = await rehearsing.link.call('verify');
  const touched = differing.map(({ id }) => id).filter((id) => ids.includes(id));
  const unexplained = strangers.filter((id) => ids.includes(id));
  if (touched.length > 0) planting.noticed('touched rows', `${touched.length} rows differ between the sides`);
  if (unexplained.length > 0)
    planting.noticed('strangers', `${unexplained.length} rows of the target that no log explains`);
  rehearsing.note('decision', 'one does not go back yet: these rows are written once more, through the log');
  await rehearsing.link.call('adopt', [...touched, ...unexplained]);
}
