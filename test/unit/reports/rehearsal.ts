import type { Rehearsal } from '../../../migration/rehearsal/model.js';

export const HOSTILE = '<script>alert(1)</script>"\'&\u001b[31m';
const gate = { condition: HOSTILE, state: 'open', found: HOSTILE, closed: 0 } as const;
const bySide = { source: 1, target: 2 };

/** A rehearsal in which everything that comes from others is hostile, and something was lost. */
export const REHEARSAL: Rehearsal = {
  version: 1,
  vecproof: '0.1.0',
  name: 'move',
  startedAt: '2026-11-28T06:00:00.000Z',
  seconds: 12.3,
  seed: 42,
  state: 'lost',
  answer: HOSTILE,
  sides: {
    source: { engine: 'pgvector', version: HOSTILE, where: HOSTILE },
    target: { engine: 'lancedb', version: HOSTILE, where: HOSTILE },
  },
  data: { from: HOSTILE, points: 1234567, leftOut: [HOSTILE] },
  traffic: {
    ...{ from: 'made up', writesPerSecond: 40, readsPerSecond: 40, embeddingLag: 50 },
    ...{ written: 1234567, unknown: 1, read: 5, failedReads: 1, answeredBy: bySide },
    ...{ stale: bySide, deletedServed: bySide, stalest: { source: 0, target: 12.5 } },
  },
  windows: [
    {
      ...{ window: 'capture', title: HOSTILE, does: HOSTILE, at: 10, seconds: 1, entry: gate, exit: gate },
      ...{ ifCutOver: { lost: 300 }, ifBack: {}, back: HOSTILE, wentBack: [HOSTILE] },
    },
  ],
  faults: [
    {
      ...{ fault: 'stranger', title: HOSTILE, window: 'capture', at: 20, seconds: 1, state: 'caught' },
      ...{ expected: ['strangers'], caughtBy: [{ by: 'strangers', words: HOSTILE }] },
      ...{ wouldHaveLost: { stranger: 2 }, after: {} },
    },
    {
      ...{ fault: 'target-down', title: 'down', window: 'capture', at: 30, seconds: 1, state: 'missed' },
      ...{ expected: ['retry'], caughtBy: [], after: { lost: 1 } },
    },
  ],
  lost: [{ side: 'target', kind: 'lost', id: HOSTILE, expected: 7 }],
  timeline: [
    { at: 20, window: 'capture', kind: 'fault', words: HOSTILE },
    { at: 25, window: 'capture', kind: 'killed', words: HOSTILE },
  ],
  samples: [
    { at: 10, written: 0, read: 0, failedReads: 0, backlog: 0, share: 0 },
    { at: 40, written: 9, read: 9, failedReads: 0, backlog: 4, share: 0.5 },
  ],
};
