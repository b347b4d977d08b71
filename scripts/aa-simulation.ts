import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readColumns } from '../harness/derive/columns.js';
import { deriveResults } from '../harness/derive/derive.js';
import type { BaselineData } from '../harness/gate/changes.js';
import { parseGates } from '../harness/gate/gates.js';
import { judge } from '../harness/gate/judge.js';
import { moments, rebuildDeviation } from '../harness/gate/statistics.js';
import type { Column } from '../harness/measures/by-query.js';
import { Random } from '../harness/measures/random.js';
import { firstId } from '../harness/model/replicas.js';
import type { TrialRow } from '../harness/model/results.js';
import { runFolder } from '../harness/store/run-folder.js';
import { shareText } from './share-text.js';

/**
 * How often the gates fire without a cause, and how often they see a planted loss: simulated nights from real values by
 * query. A night draws, out of the many builds of a run (`builds: 36`), some as tonight's and others as the baseline's,
 * and is judged by the same code as a real run, all settings together.
 *
 *   node dist/scripts/aa-simulation.js <run> [--nights 400] [--now 3] [--before 3] [--drop 0.005] [--seed 1] [--recall 0]
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nights: { type: 'string', default: '400' },
    /** Builds of each setting tonight, and in the baseline. */
    now: { type: 'string', default: '3' },
    before: { type: 'string', default: '3' },
    drop: { type: 'string', default: '0.005' },
    seed: { type: 'string', default: '1' },
    /** Only settings whose recall is at least this. */
    recall: { type: 'string', default: '0' },
  },
});
const nights = Number(values.nights);
const sizes = { now: Number(values.now), before: Number(values.before) };
const drop = Number(values.drop);

const folder = runFolder(resolve(positionals[0]!));
const results = await deriveResults(folder);
const k = Math.max(...results.ks);
const measure = `recall.ties@${k}`;
const settings = await readSettings();
const count = Math.min(...settings.map(({ builds }) => builds.length));
if (count < sizes.now + sizes.before) throw new Error(`the run has only ${count} builds of each setting`);

interface Setting {
  row: TrialRow;
  builds: Column[];
}

async function readSettings(): Promise<Setting[]> {
  const done = results.trials.filter(({ state }) => state === 'completed');
  const columns = await readColumns(
    folder,
    done.map(({ id }) => id),
  );
  const byId = new Map<string, TrialRow[]>();
  for (const row of done) byId.set(firstId(row.id), [...(byId.get(firstId(row.id)) ?? []), row]);
  return [...byId.values()]
    .map((rows) => ({ row: rows[0]!, builds: rows.map(({ id }) => columns.get(id)!.get(measure)!) }))
    .filter(({ builds }) => moments(builds[0]!.values).mean >= Number(values.recall));
}

/** Loses each hit with the same chance, so that the mean falls by `loss`. The same hits in every build: a defect. */
function planted({ queries, values: before }: Column, loss: number, seed: number): Column {
  const random = new Random(seed);
  const chance = loss / moments(before).mean;
  const after = before.map((value) => {
    let hits = 0;
    for (let i = 0; i < k; i++) {
      const lost = random.uint32() / 2 ** 32 < chance;
      if (i < Math.round(value * k) && !lost) hits++;
    }
    return hits / k;
  });
  return { queries, values: after };
}

/** Numbers of nights by the state of the gate. */
function simulate(gate: string, loss: number, lossIn: 'all' | 'index' | 'one') {
  const random = new Random(Number(values.seed));
  const { set, faults } = parseGates({ [measure]: gate }, [k]);
  if (faults.length > 0) throw new Error(faults.map(({ message }) => message).join('\n'));
  const states = { pass: 0, fail: 0, inconclusive: 0, error: 0 };
  for (let night = 0; night < nights; night++) {
    const order = shuffled(random);
    const [tonight, before] = [order.slice(0, sizes.now), order.slice(sizes.now, sizes.now + sizes.before)];
    const victim = settings[random.below(settings.length)]!.row;
    const hurts = ({ id, build }: TrialRow) =>
      loss > 0 && (lossIn === 'all' || (lossIn === 'index' ? build === victim.build : id === victim.id));
    const own = new Map(
      settings.flatMap(({ row, builds }) =>
        tonight.map((b, i): [string, Column] => [
          `${row.id}${i === 0 ? '' : `~${i + 1}`}`,
          hurts(row) ? planted(builds[b]!, loss, night) : builds[b]!,
        ]),
      ),
    );
    const rowOf = (id: string) => settings.find(({ row }) => row.id === firstId(id))!.row;
    const byId = new Map(settings.map((setting) => [setting.row.id, setting]));
    const baseline: BaselineData = {
      name: null,
      runs: before.map(String),
      paired: true,
      column: ({ id }) => own.get(id),
      partner: ({ id }) => ({
        rows: before.map(() => byId.get(firstId(id))!.row),
        columns: before.map((b) => byId.get(firstId(id))!.builds[b]!),
      }),
    };
    const trials = [...own.keys()].map((id) => ({ ...rowOf(id), id }));
    states[judge({ set, trials, baseline })[0]!.state]++;
  }
  return states;
}

function shuffled(random: Random): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = 0; i < count - 1; i++) {
    const j = i + random.below(count - i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

for (const { row, builds } of settings) {
  const all = builds.map((column) => column.values);
  const means = all.map((column) => moments(column).mean);
  const pairs = all.slice(1).map((column, i) => moments(column.map((v, q) => v - all[i]![q]!)).deviation);
  const rebuild = rebuildDeviation(all)!;
  const pair = moments(pairs).mean;
  console.log(
    `${row.id}: recall ${moments(means).mean.toFixed(4)}, SD between builds ${(100 * moments(means).deviation).toFixed(3)} pt, of it as wholes ${(100 * rebuild).toFixed(3)} pt; SD of pairs ${pair.toFixed(3)}, share in common ${((2 * rebuild ** 2) / pair ** 2).toExponential(1)}`,
  );
}
const queries = settings[0]!.builds[0]!.values.length;
console.log(
  `${nights} nights, ${queries} queries, ${settings.length} settings judged together, ${count} builds of each; a night has ${sizes.now} and is compared with ${sizes.before} others\n`,
);
for (const gate of ['drop(baseline) < 0.2pt', 'change(baseline) > -0.5pt']) {
  for (const [name, loss, where] of [
    ['nothing changed', 0, 'all'],
    [`${drop * 100} pt lost in all settings`, drop, 'all'],
    [`${drop * 100} pt lost in all settings of one index`, drop, 'index'],
    [`${drop * 100} pt lost in one setting`, drop, 'one'],
  ] as const) {
    const { fail, inconclusive, pass } = simulate(gate, loss, where);
    console.log(
      `${gate}, ${name}: fail ${shareText(fail, nights)}, inconclusive ${shareText(inconclusive, nights)}, pass ${shareText(pass, nights)}`,
    );
  }
}
