import { parseArgs } from 'node:util';
import { BUGS, type Bug } from '../migration/rehearsal/simulation/bugs.js';
import { type Outcome, simulate } from '../migration/rehearsal/simulation/simulate.js';

/**
 * Simulated moves, each a seed of its own; see migration/rehearsal/simulation. Exit code 1 if one breaks an invariant.
 *
 *   node dist/scripts/simulate.js [--schedules 100000] [--from 1]
 *   node dist/scripts/simulate.js --bugs [--schedules 20000]     how many schedules find each known mistake
 *   node dist/scripts/simulate.js --trace 17 [--bug …]           one schedule, step by step
 */
const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '100000' },
    from: { type: 'string', default: '1' },
    bugs: { type: 'boolean', default: false },
    bug: { type: 'string' },
    trace: { type: 'string' },
  },
});
const schedules = Number(values.schedules);
const from = Number(values.from);
const write = (line: string) => void process.stdout.write(`${line}\n`);
const options = values.bug === undefined ? {} : { bug: values.bug as Bug };

/** Too rare for any number of schedules that somebody waits for: a test plants it. */
const RARE: readonly Bug[] = ['no-floor'];

if (values.trace !== undefined) await showOne(Number(values.trace));
else if (values.bugs) await findBugs();
else await runAll();

async function showOne(seed: number): Promise<void> {
  const outcome = await simulate(seed, { ...options, trace: true });
  for (const line of outcome.trace!) write(line);
  for (const { what, words } of outcome.violations) write(`${what}: ${words}`);
}

async function findBugs(): Promise<void> {
  for (const bug of Object.keys(BUGS) as Bug[]) {
    const seed = await firstOf(bug);
    write(`${bug.padEnd(32)} ${seed === undefined ? `not in ${schedules}` : `found by schedule ${seed}`}`);
    if (seed === undefined && !RARE.includes(bug)) process.exitCode = 1;
  }
}

async function firstOf(bug: Bug): Promise<number | undefined> {
  for (let seed = from; seed < from + schedules; seed++)
    if ((await simulate(seed, { bug })).violations.length > 0) return seed;
  return undefined;
}

async function runAll(): Promise<void> {
  const sum = { steps: 0, crashes: 0, acknowledged: 0, broken: 0 };
  const staleness: number[] = [];
  const begun = performance.now();
  for (let seed = from; seed < from + schedules; seed++) {
    const outcome = await simulate(seed, options);
    sum.steps += outcome.steps;
    sum.crashes += outcome.crashes;
    sum.acknowledged += outcome.acknowledged;
    staleness.push(...outcome.staleness.slice(0, 3));
    if (outcome.violations.length > 0) tell(outcome, ++sum.broken);
  }
  const seconds = (performance.now() - begun) / 1000;
  const sorted = Float64Array.from(staleness).sort();
  const share = (part: number) => sorted[Math.floor(part * (sorted.length - 1))];
  write(
    `${schedules} schedules in ${seconds.toFixed(0)} s, ${(sum.steps / schedules).toFixed(0)} steps each`,
  );
  write(`${sum.crashes} crashes, ${sum.acknowledged} mutations acknowledged`);
  write(`staleness in steps: median ${share(0.5)}, 99% ${share(0.99)}, most ${share(1)}`);
  write(`${sum.broken} broke an invariant`);
  if (sum.broken > 0) process.exitCode = 1;
}

function tell({ seed, violations }: Outcome, broken: number): void {
  if (broken > 20) return;
  for (const { what, words } of violations) write(`schedule ${seed}: ${what}: ${words}`);
}
