import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { BaselineData, Column } from '../harness/gate/changes.js';
import { parseGates } from '../harness/gate/gates.js';
import { judge } from '../harness/gate/judge.js';
import { moments, normalQuantile, Resampler } from '../harness/gate/statistics.js';
import { Random } from '../harness/measures/random.js';
import { readColumns } from '../harness/store/columns.js';
import { deriveResults } from '../harness/store/derive.js';
import { readManifest, runFolder } from '../harness/store/run-folder.js';
import type { TrialRow } from '../harness/store/schema.js';

/**
 * How often the gates fire without a cause, and how often they see a planted loss: simulated nights from real values by
 * query. Each night takes two different builds (runs of one suite with different seeds) and a random part of the
 * queries, and is judged by the same code as a real run.
 *
 *   node dist/scripts/aa-simulation.js <run> <run> <run> … [--nights 400] [--queries 2000] [--drop 0.005] [--seed 1] [--recall 0.95]
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nights: { type: 'string', default: '400' },
    queries: { type: 'string', default: '2000' },
    drop: { type: 'string', default: '0.005' },
    seed: { type: 'string', default: '1' },
    /** Only trials whose recall is at least this. */
    recall: { type: 'string', default: '0' },
  },
});

interface Build {
  rows: Map<string, TrialRow>;
  columns: Map<string, Column>;
}

const nights = Number(values.nights);
const queries = Number(values.queries);
const drop = Number(values.drop);
const builds = await Promise.all(positionals.map(readBuild));
if (builds.length < 2) throw new Error('give at least two runs of one suite with different seeds');
const k = Math.max(...readManifest(runFolder(resolve(positionals[0]!))).ks);
const measure = `recall.ties@${k}`;
const trials = [...builds[0]!.columns]
  .filter(([, { values: recall }]) => moments(recall).mean >= Number(values.recall))
  .map(([id]) => id);
const resampler = new Resampler(1);
const total = builds[0]!.columns.get(trials[0]!)!.values.length;

async function readBuild(path: string): Promise<Build> {
  const folder = runFolder(resolve(path));
  const results = await deriveResults(folder);
  const depth = Math.max(...results.ks);
  const ids = results.trials.map(({ id }) => id);
  const columns = await readColumns(folder, ids);
  return {
    rows: new Map(results.trials.map((row) => [row.id, row])),
    columns: new Map(ids.map((id) => [id, columns.get(id)!.get(`recall.ties@${depth}`)!])),
  };
}

/** Loses each hit with the same chance, so that the mean falls by `loss`. */
function planted(column: Float64Array, loss: number, random: Random): Float64Array {
  const chance = loss / moments(column).mean;
  return column.map((value) => {
    let hits = Math.round(value * k);
    for (let i = Math.round(value * k); i > 0; i--) if (random.uint32() / 2 ** 32 < chance) hits--;
    return hits / k;
  });
}

/** Outcomes over all nights: shares of nights with at least one failed, or inconclusive, trial. */
function simulate(gate: string, loss: number, lossIn: 'all' | 'one', before: 'one' | 'all') {
  const random = new Random(Number(values.seed));
  const { set, faults } = parseGates({ [measure]: gate }, [k]);
  if (faults.length > 0) throw new Error(faults.map(({ message }) => message).join('\n'));
  let [failed, open, passed] = [0, 0, 0];
  for (let night = 0; night < nights; night++) {
    const now = random.below(builds.length);
    const rest = builds.map((_, i) => i).filter((i) => i !== now);
    const old = before === 'all' ? rest : [rest[random.below(rest.length)]!];
    const picked = pick(random);
    const victim = trials[random.below(trials.length)]!;
    const part = (column: Column): Column => ({
      queries: picked,
      values: Float64Array.from(picked, (query) => column.values[query]!),
    });
    const own = new Map(
      trials.map((id) => {
        const column = part(builds[now]!.columns.get(id)!);
        const hurt = loss > 0 && (lossIn === 'all' || id === victim);
        return [id, hurt ? { ...column, values: planted(column.values, loss, random) } : column];
      }),
    );
    const baseline: BaselineData = {
      name: null,
      runs: old.map(String),
      paired: true,
      column: ({ id }) => own.get(id),
      partner: ({ id }) => ({
        rows: old.map((i) => builds[i]!.rows.get(id)!),
        columns: old.map((i) => part(builds[i]!.columns.get(id)!)),
      }),
    };
    const rows = trials.map((id) => builds[now]!.rows.get(id)!);
    const state = judge({ set, trials: rows, baseline, seed: 1, resampler })[0]!.state;
    if (state === 'fail') failed++;
    else if (state === 'inconclusive') open++;
    else passed++;
  }
  return { failed, open, passed };
}

function pick(random: Random): Int32Array {
  const order = Int32Array.from({ length: total }, (_, i) => i);
  for (let i = 0; i < Math.min(queries, total); i++) {
    const j = i + random.below(total - i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order.slice(0, Math.min(queries, total)).sort();
}

/** Wilson's score interval of a share, 95%. */
function shareText(count: number): string {
  const z = normalQuantile(0.975);
  const p = count / nights;
  const middle = (p + z ** 2 / (2 * nights)) / (1 + z ** 2 / nights);
  const half = (z / (1 + z ** 2 / nights)) * Math.sqrt((p * (1 - p)) / nights + z ** 2 / (4 * nights ** 2));
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  return `${percent(p)} [${percent(Math.max(0, middle - half))}, ${percent(Math.min(1, middle + half))}]`;
}

for (const id of trials) {
  const a = builds[0]!.columns.get(id)!.values;
  const sds = builds
    .slice(1)
    .map(({ columns }) => moments(columns.get(id)!.values.map((value, i) => value - a[i]!)).deviation);
  const means = builds.map(({ columns }) => moments(columns.get(id)!.values).mean);
  console.log(
    `${id}: recall ${means.map((mean) => mean.toFixed(4)).join(' ')}; SD of pairs ${sds.map((sd) => sd.toFixed(3)).join(' ')}`,
  );
}
console.log(
  `${nights} nights of ${queries} out of ${total} queries, ${trials.length} trials judged together, ${builds.length} builds\n`,
);
for (const before of ['one', 'all'] as const) {
  if (before === 'all' && builds.length < 4) continue;
  const against = before === 'one' ? 'one build' : `${builds.length - 1} builds`;
  for (const gate of ['drop(baseline) < 0.2pt', 'change(baseline) > -0.5pt']) {
    for (const [name, loss, where] of [
      ['nothing changed', 0, 'all'],
      [`${drop * 100} pt lost in all trials`, drop, 'all'],
      [`${drop * 100} pt lost in one trial`, drop, 'one'],
    ] as const) {
      const { failed, open, passed } = simulate(gate, loss, where, before);
      console.log(
        `${gate}, against ${against}, ${name}: fail ${shareText(failed)}, inconclusive ${shareText(open)}, pass ${shareText(passed)}`,
      );
    }
  }
}
