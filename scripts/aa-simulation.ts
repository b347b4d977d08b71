import { parseArgs } from 'node:util';
import { parseGates } from '../harness/gate/gates.js';
import { judge } from '../harness/gate/judge.js';
import { powerOf } from '../harness/gate/power.js';
import { moments, rebuildDeviation } from '../harness/gate/statistics.js';
import { Random } from '../harness/measures/random.js';
import { type Loss, type NightOptions, readSettings, type Setting, simulateNight } from './aa-nights.js';
import { shareText } from './share-text.js';

/**
 * What gates do where nothing changed, and where something did: simulated nights from real values by query. A night draws,
 * out of the many builds of a run (`builds: 24`), some as tonight's and others as the baseline's, and is judged by the code
 * that judges runs: all settings, groups and gates of a night together.
 *
 *   node dist/scripts/aa-simulation.js <run> [--nights 200] [--now 3] [--before 3] [--seed 1] [--recall 0] [--parts drop,…]
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nights: { type: 'string', default: '200' },
    /** Builds of each setting tonight, and in the baseline. */
    now: { type: 'string', default: '3' },
    before: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    /** Only settings whose recall is at least this. */
    recall: { type: 'string', default: '0' },
    parts: {
      type: 'string',
      default: 'settings,drop,groups,change,unseen,threshold,thresholds,preset,power',
    },
  },
});
const nights = Number(values.nights);
const { settings, measure, k } = await readSettings(positionals[0]!, Number(values.recall));
const sizes = { measure, k, now: Number(values.now), before: Number(values.before) };
const count = settings[0]!.builds.length;
if (count < sizes.now + sizes.before) throw new Error(`the run has only ${count} builds of each setting`);
const queries = settings[0]!.builds[0]!.length;

/** Numbers of nights by the worst state of all gates. */
function simulate(gates: Record<string, unknown>, options: Partial<NightOptions> = {}, own = settings) {
  const random = new Random(Number(values.seed));
  const { set, faults } = parseGates(gates, [k]);
  if (faults.length > 0) throw new Error(faults.map(({ what }) => what).join('\n'));
  const states = { pass: 0, fail: 0, inconclusive: 0, error: 0 };
  for (let night = 0; night < nights; night++) {
    const found = judge({ set, ...simulateNight(own, { ...sizes, ...options }, random) });
    const each = found.map(({ state }) => state);
    states[(['error', 'fail', 'inconclusive'] as const).find((state) => each.includes(state)) ?? 'pass']++;
  }
  return states;
}

function tell(what: string, { fail, inconclusive, pass }: ReturnType<typeof simulate>): void {
  const [a, b, c] = [fail, inconclusive, pass].map((n) => shareText(n, nights));
  console.log(`${what} | fail ${a} | inconclusive ${b} | pass ${c}`);
}

const LOSSES: readonly (readonly [string, Loss | undefined])[] = [
  ['nothing changed', undefined],
  ['.5 pt lost everywhere', { size: 0.005, how: 'spread', where: 'all' }],
  ['.5 pt lost in one index', { size: 0.005, how: 'spread', where: 'index' }],
  ['.5 pt lost in one setting', { size: 0.005, how: 'spread', where: 'one' }],
  ['1 pt lost everywhere, by queries that lose all', { size: 0.01, how: 'whole', where: 'all' }],
];
const [DROP, CHANGE] = ['drop(baseline) < 0.2pt', 'change(baseline) > -0.5pt'];

const PARTS: Readonly<Record<string, () => void>> = {
  settings: () => {
    for (const setting of settings) describe(setting);
  },
  drop: () => {
    for (const [what, loss] of LOSSES) tell(`${DROP}; ${what}`, simulate({ [measure]: DROP }, { loss }));
  },
  groups: () => {
    for (const [what, loss] of LOSSES.slice(0, 2))
      tell(`${DROP}, in all and in 4 groups; ${what}`, simulate({ [measure]: DROP }, { loss, groups: 4 }));
    for (const size of [0.005, 0.01, 0.02]) {
      const loss: Loss = { size, how: 'spread', where: 'group' };
      tell(
        `${DROP}, in all and in 4 groups; ${100 * size} pt lost in one group`,
        simulate({ [measure]: DROP }, { loss, groups: 4 }),
      );
    }
  },
  change: () => {
    for (const [what, loss] of LOSSES) tell(`${CHANGE}; ${what}`, simulate({ [measure]: CHANGE }, { loss }));
  },
  // One build that is the same in both runs, as those of one thread and one seed: only what is lost differs.
  unseen: () => {
    const same = settings
      .slice(0, 1)
      .map((each) => ({ ...each, builds: [each.builds[0]!, each.builds[0]!] }));
    for (const size of [0.005, 0.01])
      for (const n of [2, 50, 100, 200, 300, 600, 1000, 2000]) {
        const loss: Loss = { size, how: 'whole', where: 'all' };
        tell(
          `${CHANGE}; ${n} queries, ${100 * size} pt lost by queries that lose all`,
          simulate({ [measure]: CHANGE }, { now: 1, before: 1, queries: n, loss }, same),
        );
      }
  },
  // The limit is the true mean: each verdict but "inconclusive" is wrong.
  threshold: () => {
    for (const n of [30, 100, 300, 1000]) {
      const gates = Object.fromEntries(
        settings.map(({ row, mean }) => [
          `${measure}{build:${row.build},ef:${row.search['ef']}}`,
          `mean >= ${mean}`,
        ]),
      );
      const wrong = settings.map((setting) => {
        const name = Object.keys(gates).find((key) =>
          key.includes(`${setting.row.build},ef:${setting.row.search['ef']}}`),
        )!;
        return simulate({ [name]: gates[name] }, { now: 1, before: 1, queries: n, bounds: true }, [setting]);
      });
      const most = (state: 'pass' | 'fail') =>
        shareText(Math.max(...wrong.map((each) => each[state])), nights);
      console.log(
        `mean >= the true mean; ${n} queries; worst setting alone | fail ${most('fail')} | pass ${most('pass')}`,
      );
    }
  },
  // The same for all settings, each with a limit of its own, judged together: how many nights have any wrong verdict.
  thresholds: () => {
    for (const n of [30, 100, 300, 1000]) {
      const gates = Object.fromEntries(
        settings.map(({ row, mean }) => [
          `${measure}{build:${row.build},ef:${row.search['ef']}}`,
          `mean >= ${mean}`,
        ]),
      );
      const { set } = parseGates(gates, [k]);
      const random = new Random(Number(values.seed));
      const any = { fail: 0, pass: 0 };
      for (let night = 0; night < nights; night++) {
        const drawn = simulateNight(
          settings,
          { ...sizes, now: 1, before: 1, queries: n, bounds: true },
          random,
        );
        const states = judge({ set, ...drawn }).map(({ state }) => state);
        for (const state of ['fail', 'pass'] as const) if (states.includes(state)) any[state]++;
      }
      const [fail, pass] = [any.fail, any.pass].map((count) => shareText(count, nights));
      console.log(
        `${settings.length} gates mean >= the true mean; ${n} queries | any fails ${fail} | any passes ${pass}`,
      );
    }
  },
  preset: () => {
    const gates = { [measure]: [DROP, CHANGE] };
    for (const [what, loss] of LOSSES.slice(0, 2)) {
      tell(
        `${DROP} and ${CHANGE} together, in all and in 4 groups; ${what}`,
        simulate(gates, { loss, groups: 4 }),
      );
      tell(
        `the same, 1,000 queries drawn each night; ${what}`,
        simulate(gates, { loss, groups: 4, queries: 1000 }),
      );
    }
  },
  power,
};

/** The drop that `power` says is seen four times out of five, planted in one setting judged alone. */
function power(): void {
  for (const setting of settings) {
    const { now, before } = sizes;
    const [own, others] = [setting.builds.slice(0, now), setting.builds.slice(now, now + before)];
    const options = { drop: 0.005, power: 0.8, alpha: 0.05 };
    const { smallest } = powerOf(own, others, options);
    const loss: Loss = { size: smallest, how: 'spread', where: 'all' };
    tell(
      `${setting.row.id}: a drop of ${(100 * smallest).toFixed(3)} pt, seen 80% of the time by "power"`,
      simulate({ [measure]: 'drop(baseline) < 0.001pt' }, { loss }, [setting]),
    );
  }
}

function describe({ row, builds }: Setting): void {
  const means = builds.map((values) => moments(values).mean);
  const pairs = builds
    .slice(1)
    .map((values, i) => moments(values.map((v, q) => v - builds[i]![q]!)).deviation);
  const [rebuild, pair] = [rebuildDeviation(builds)!, moments(pairs).mean];
  console.log(
    `${row.id}: recall ${moments(means).mean.toFixed(4)}, SD between builds ${(100 * moments(means).deviation).toFixed(3)} pt, of it as wholes ${(100 * rebuild).toFixed(3)} pt; SD of pairs ${pair.toFixed(3)}, share in common ${((2 * rebuild ** 2) / pair ** 2).toExponential(1)}`,
  );
}

console.log(
  `${nights} nights, ${queries} queries, ${settings.length} settings judged together, ${count} builds of each; a night has ${sizes.now} and is compared with ${sizes.before} others\n`,
);
for (const part of values.parts.split(',')) {
  const start = performance.now();
  PARTS[part]!();
  console.log(`(${part}: ${((performance.now() - start) / 1000).toFixed(0)} s)\n`);
}
