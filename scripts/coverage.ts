import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readColumns } from '../harness/derive/columns.js';
import { deriveResults } from '../harness/derive/derive.js';
import { runFolder } from '../harness/store/run-folder.js';
import { type Coverage, coverageOf } from './bound-coverage.js';

/**
 * Whether "reaches the target with confidence" is right, and how often bounds of a mean miss it: samples of the queries
 * of a real run, whose means over all queries count as true. The run should have thousands of queries and many settings.
 *
 *   node dist/scripts/coverage.js <run> [--measure recall.ties@10] [--samples 2000] [--seed 1]
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    measure: { type: 'string', default: 'recall.ties@10' },
    samples: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
  },
});
const folder = runFolder(resolve(positionals[0]!));
const { trials } = await deriveResults(folder);
const done = trials.filter(({ state, group }) => state === 'completed' && group === 'all');
const columns = await readColumns(
  folder,
  done.map(({ id }) => id),
);
const settings = done.map(({ id }) => columns.get(id)!.get(values.measure)!.values);
const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;
console.log(
  `${settings.length} settings, ${settings[0]!.length} queries, ${values.samples} samples of each size`,
);
for (const n of [10, 30, 100, 300, 1000]) {
  const options = {
    n,
    samples: Number(values.samples),
    seed: Number(values.seed),
    targets: [0.9, 0.95, 0.99],
  };
  const { lowMissed, highMissed, targets }: Coverage = coverageOf(settings, options);
  const told = targets.map(
    ({ target, wrong, announced }) => `${target} announced ${percent(announced)}, wrongly ${percent(wrong)}`,
  );
  console.log(
    `n = ${n}: the worst setting's bound is above the mean in ${percent(Math.max(...lowMissed))}, below it in ${percent(Math.max(...highMissed))}; ${told.join('; ')}`,
  );
}
