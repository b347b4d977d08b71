import { describe, expect, it } from 'vitest';
import { trialRows } from '../../../harness/derive/trial-rows.js';
import { NO_COLUMNS } from '../../../harness/measures/trial.js';
import { doubtSigns } from '../../../harness/model/flags.js';
import { fixture } from '../reports/fixture.js';

const build = fixture({ series: ['lancedb ivf'] }).manifest.plan[0]!;
const derived = { measures: {}, flags: [], columns: NO_COLUMNS };
const measured = { all: derived, groups: [{ name: 'negative', reason: undefined, derived }] };

const rowsOf = (foreignCores: number | undefined) =>
  trialRows(
    'd',
    build,
    build.trials[0]!,
    undefined,
    {
      ...{ number: undefined, mixed: false },
      cost: foreignCores === undefined ? {} : { foreignCores },
    },
    measured,
  );

describe('a build beside which others used the machine', () => {
  it('is told by its flag, and not for what the system did not tell', () => {
    expect([0, 0.25, 0.26, undefined].map((cores) => rowsOf(cores)[0]!.flags)).toEqual([
      [],
      [],
      ['busy-build'],
      [],
    ]);
    // A group has no costs of its own.
    expect(rowsOf(1)[1]!.flags).toEqual([]);
  });

  it('makes its time and memory doubtful, and no size or answer', () => {
    const signs = (name: string) => doubtSigns(['busy-build'], name);
    expect(['build.seconds', 'load.seconds', 'memory.peak'].map(signs)).toEqual(['†', '†', '†']);
    expect(['index.size', 'server.disk', 'throughput', 'recall@10', 'build.foreign'].map(signs)).toEqual([
      '',
      '',
      '',
      '',
      '',
    ]);
  });
});
