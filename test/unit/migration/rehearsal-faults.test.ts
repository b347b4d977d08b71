import { describe, expect, test } from 'vitest';
import type { Point } from '../../../engines/contract/points.js';
import type { RehearsalData } from '../../../migration/rehearsal/data.js';
import { FAULTS } from '../../../migration/rehearsal/faults/catalogue.js';
import { Planting } from '../../../migration/rehearsal/faults/planting.js';
import { Ledger, REVISION } from '../../../migration/rehearsal/ledger.js';
import { DEFAULT_MIX, Operations } from '../../../migration/rehearsal/operations.js';
import type { CallName } from '../../../migration/rehearsal/protocol.js';
import { GateClosedError, type Parts, Rehearsing } from '../../../migration/rehearsal/rehearsing.js';

const point = (id: string, revision = 0): Point => ({
  id,
  vectors: { vector: Float32Array.of(1, 0) },
  metadata: { [REVISION]: revision },
  text: `the package ${id}`,
});
const ROWS = ['a', 'b', 'c'].map((id) => point(id));
const NEVER_HAPPENED = 'killed under way';

/** A rehearsal whose worker is a map of the target's rows: what a fault leaves in it is the fault's own doing. */
function rehearsing(ledger: Ledger, seed: number) {
  const target = new Map(ROWS.map((each) => [each.id, each]));
  const data: RehearsalData = {
    ...{ from: 'a test', points: ROWS, vector: 'vector', leftOut: [] },
    spec: {
      vectors: [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: 2, metric: 'cosine' }],
      ids: 'string',
      fields: [],
    },
  };
  const answers: Partial<Record<CallName, (argument: never) => unknown>> = {
    scan: () => [...target.values()],
    verify: () => ({
      compared: 0,
      differing: [],
      returned: [],
      strangers: [...target.values()].filter((row) => !ROWS.includes(row)).map(({ id }) => id),
    }),
    tamper: ({ upsert = [], remove = [] }: { upsert?: Point[]; remove?: string[] }) => {
      for (const row of upsert) target.set(row.id, row);
      for (const id of remove) target.delete(id);
    },
    behind: () => ({ watermark: '0', behind: { source: false, target: false } }),
    status: () => ({ held: 0, backlog: { source: 0, target: 0 }, share: 0 }),
  };
  const link = {
    isAlive: true,
    call: async (name: CallName, argument: never) => answers[name]!(argument),
  };
  const traffic = { pause: async () => {}, start: () => {}, isBusy: () => false, counts: {} };
  const parts = {
    ...{ link, traffic, ledger, data, signal: new AbortController().signal, patienceMs: 50 },
    operations: new Operations(data, ledger, seed, DEFAULT_MIX),
    onProgress: () => {},
  };
  return { target, rehearsing: new Rehearsing(parts as unknown as Parts) };
}

/** With an insertion that was killed under way, of which nobody knows whether it happened: it did not. */
function ledger(): Ledger {
  const made = new Ledger(ROWS);
  made.begin(1, NEVER_HAPPENED, point(NEVER_HAPPENED, 1)).state = 'unknown';
  return made;
}

describe('a stranger', () => {
  test('is noticed, and leaves the target exactly as it was, whatever was killed under way before', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { target, rehearsing: one } = rehearsing(ledger(), seed);
      const planting = new Planting(one, 'observe');
      await FAULTS.find(({ name }) => name === 'stranger')!.run(planting);
      expect(planting.caughtBy.map(({ by }) => by)).toEqual(['strangers']);
      expect([...target.values()]).toEqual(ROWS);
    }
  });

  test('is planted where no row is as it was before, too', async () => {
    const written = new Ledger(ROWS);
    for (const [at, { id }] of ROWS.entries())
      written.begin(at + 1, id, point(String(id), 1)).state = 'acknowledged';
    const { target, rehearsing: one } = rehearsing(written, 1);
    await FAULTS.find(({ name }) => name === 'stranger')!.run(new Planting(one, 'ramp'));
    expect([...target.values()]).toEqual(ROWS);
  });
});

test('a row that is chosen for a fault is certainly there', () => {
  for (let seed = 1; seed <= 20; seed++)
    expect(rehearsing(ledger(), seed).rehearsing.someRow()).not.toBe(NEVER_HAPPENED);
});

test('what does not come within the patience of a gate is a closed gate', async () => {
  const planting = new Planting(rehearsing(ledger(), 1).rehearsing, 'ramp');
  await expect(planting.within(new Promise(() => {}), 'the process stops')).rejects.toThrow(GateClosedError);
  expect(await planting.within(Promise.resolve('there'), 'it is there')).toBe('there');
});

describe('a gate', () => {
  const looking = async (progressOf: (look: number) => string, openAfter: number) => {
    let looks = 0;
    const { rehearsing: one } = rehearsing(ledger(), 1);
    return one.gate('it is done', async () => {
      looks++;
      return { open: looks > openAfter, found: `look ${looks}`, progress: progressOf(looks) };
    });
  };

  test('waits beyond its patience while something moves on, and not for ever', async () => {
    // Patience is 50 ms, and it looks every 25 ms.
    expect((await looking((look) => String(look), 6)).state).toBe('open');
    expect((await looking((look) => String(look), 1000)).state).toBe('closed');
  });

  test('is closed once nothing has moved for as long as its patience', async () => {
    const { state, closed } = await looking(() => 'nothing', 1000);
    expect(state).toBe('closed');
    expect(closed).toBeLessThan(1000);
  });
});
