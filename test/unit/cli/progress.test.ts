import { expect, it } from 'vitest';
import { Progress } from '../../../cli/progress.js';
import type { PlannedBuild } from '../../../harness/model/plan.js';
import { SERIAL } from '../../../harness/model/workload.js';

it('counts anew for a second dataset, whose builds have the same ids', async () => {
  let shown = '';
  const stream = {
    columns: 200,
    write(text: string) {
      shown += text;
      return true;
    },
  };
  const progress = new Progress({ out: stream, err: stream, live: true, color: false });
  const time = '2026-01-01T00:00:00.000Z';
  const build = (): PlannedBuild => ({
    id: 'b',
    engine: 'e',
    series: 'e flat',
    index: {},
    trials: [{ id: 't', search: {}, workload: SERIAL }],
  });
  const measure = async () => {
    progress.take({ type: 'plan', time, run: 'r', builds: [build()], finished: [] });
    progress.take({ type: 'buildBegin', time, build: 'b', attempt: 1 });
    // The live line is shown at most ten times a second.
    await expect.poll(() => shown, { timeout: 5000 }).toMatch(/build \d of 1 · trials/);
  };
  try {
    await measure();
    progress.take({
      type: 'trialEnd',
      time,
      build: 'b',
      trial: 't',
      state: 'failed',
      flags: [],
      error: 'gone',
    });
    shown = '';
    await measure();
    expect(shown).toContain('build 1 of 1 · trials 0 of 1 ·');
    expect(shown).not.toContain('build 0');
  } finally {
    progress.end();
  }
});

it('tells no rate below zero where one name stands for several counts', async () => {
  let shown = '';
  const stream = {
    columns: 200,
    write(text: string) {
      shown += text;
      return true;
    },
  };
  const progress = new Progress({ out: stream, err: stream, live: true, color: false });
  const take = (done: number, total: number, unit: 'points' | 'queries') =>
    progress.take({ type: 'preparation', task: 'parity', done, total, unit } as never);
  try {
    take(2000, 2000, 'points');
    await expect
      .poll(() => {
        take(1, 4, 'queries');
        return shown;
      })
      .toContain('parity');
    await expect
      .poll(() => {
        take(2, 4, 'queries');
        return shown;
      })
      .toContain('parity 2/4 queries');
    expect(shown).not.toMatch(/-\d/);
  } finally {
    progress.end();
  }
});
