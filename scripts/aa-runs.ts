import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../common/paths.js';
import type { Verdicts } from '../harness/model/verdict.js';
import { shareText } from './share-text.js';

/**
 * Really executed nights in which nothing changed: one suite is measured again and again, every time with other seeds
 * of the engines, and each run is judged with `gate --baseline` against the first. Every failed gate is a false alarm.
 *
 *   node dist/scripts/aa-runs.js <folder> [--runs 20] [--builds 3] [--points 3000] [--queries 2000] [--seed 1000000]
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '20' },
    builds: { type: 'string', default: '3' },
    points: { type: 'string', default: '3000' },
    queries: { type: 'string', default: '2000' },
    /** Seed of the first run; others are far from it. */
    seed: { type: 'string', default: '1000000' },
  },
});
const folder = resolve(positionals[0]!);
const runs = Number(values.runs);
mkdirSync(folder, { recursive: true });
execFileSync(
  process.execPath,
  [
    join(packageRoot, 'dist/scripts/aa-data.js'),
    folder,
    '--points',
    values.points,
    '--queries',
    values.queries,
  ],
  { stdio: 'inherit' },
);

const suite = (seed: number) => `version: 1
name: aa-runs
dataset: { path: ./points.npy, metric: cosine }
k: 10
repeat: 1
warmup: 0
seed: ${seed}
builds: ${values.builds}
engines:
  - use: hnswlib
    index: { type: hnsw, m: [8, 16], efConstruction: 64 }
    search: { ef: [32, 64, 128] }
gates:
  errors: total == 0
  returned.short: total == 0
  recall.ties@10: drop(baseline) < 0.2pt
`;

function vecproof(...args: string[]) {
  const cli = join(packageRoot, 'dist/cli/main.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    cwd: folder,
    env: { ...process.env, VECPROOF_HOME: folder },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** Measures the suite with a seed of its own; returns the run's id. */
function night(seed: number): string {
  writeFileSync(join(folder, 'suite.yaml'), suite(seed));
  const { status, stderr } = vecproof('run', 'suite.yaml');
  if (status !== 0 && status !== 1 && status !== 2) throw new Error(`exit code ${status}: ${stderr}`);
  return readdirSync(join(folder, '.runs'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .at(-1)!;
}

const first = night(Number(values.seed));
const set = vecproof('baseline', 'set', first, '--name', 'main');
if (set.status !== 0) throw new Error(set.stderr);
let [alarms, undecided] = [0, 0];
for (let i = 1; i <= runs; i++) {
  const id = night(Number(values.seed) + 100_000 * i);
  const { status, stdout, stderr } = vecproof('gate', id, '--baseline', 'main', '--json');
  if (status !== 0 && status !== 1) throw new Error(`exit code ${status}: ${stderr}`);
  const { verdicts } = JSON.parse(stdout) as Verdicts;
  const states = verdicts.map(({ state }) => state);
  if (states.includes('fail')) alarms++;
  else if (states.includes('inconclusive')) undecided++;
  const changes = verdicts.flatMap(({ findings }) => findings).filter(({ rebuild }) => rebuild !== null);
  const largest = changes.toSorted((a, b) => a.found! - b.found!)[0]!;
  console.log(
    `run ${i} of ${runs}: exit code ${status}, gates ${states.join(', ')}; largest loss ${(100 * largest.found!).toFixed(3)} pt`,
  );
}
console.log(
  `${runs} executed runs without a change: false alarms ${alarms} = ${shareText(alarms, runs)}, inconclusive ${undecided}`,
);
