import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../common/paths.js';
import { print } from './print.js';

const QUERIES = 2000;
/** 10 builds with 50 searches each. */
const SUITE = `version: 1
name: gate-500
dataset: { path: ./points.npy, metric: cosine }
k: 10
repeat: 1
warmup: 0
engines:
  - use: usearch
    index: { type: hnsw, m: [8, 12, 16, 20, 24], efConstruction: [32, 64] }
    search: { ef: [${Array.from({ length: 50 }, (_, i) => 10 + 2 * i).join(', ')}] }
`;
const GATES = `${SUITE}gates:
  preset: nightly
  recall.ties@10: mean >= 0.5
`;

/** Tells its peak memory when it ends, on a line of its own. */
const PEAK =
  'data:text/javascript,process.on("exit",()=>process.stderr.write("\\npeak "+process.resourceUsage().maxRSS+"\\n"))';

/** `gate` and `report` on a run of 500 trials and 2,000 queries, each as its own process, against such a baseline. */
export async function measureGate(parent: string): Promise<void> {
  const folder = join(parent, 'gate');
  mkdirSync(folder);
  node(folder, ['dist/scripts/aa-data.js', folder, '--points', '500', '--queries', String(QUERIES)]);
  writeFileSync(join(folder, 'suite.yaml'), SUITE);
  writeFileSync(join(folder, 'gates.yaml'), GATES);
  node(folder, ['dist/cli/main.js', 'run', 'suite.yaml']);
  const runs = join(folder, '.runs');
  const [run] = readdirSync(runs, { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .map(({ name }) => name);
  shifted(join(runs, run!), join(runs, 'other'));
  node(folder, ['dist/cli/main.js', 'baseline', 'set', 'other', '--name', 'main']);
  for (const [what, args] of [
    // Its samples were exchanged: everything is derived again, once.
    ['report, derived again,', ['report', 'other']],
    ['report', ['report', run!]],
    ['gate', ['gate', run!, '--baseline', 'main', '--suite', 'gates.yaml']],
  ] as const) {
    const start = performance.now();
    const { status, stderr } = node(folder, ['dist/cli/main.js', ...args]);
    const seconds = (performance.now() - start) / 1000;
    const peak = /peak (\d+)/.exec(stderr)?.[1];
    const memory = peak === undefined ? 'peak not known' : `${(Number(peak) / 1024).toFixed(0)} MiB at most`;
    print(
      `${what} on 500 trials x ${QUERIES} queries`,
      `${seconds.toFixed(1)} s`,
      `target: under 10 s and 1 GB; ${memory}; exit code ${String(status)}`,
    );
  }
}

/** A copy of the run in which every trial has the answers of the next: a baseline that differs in many queries. */
function shifted(run: string, copy: string): void {
  cpSync(run, copy, { recursive: true });
  const names = readdirSync(join(run, 'samples'))
    .filter((name) => name.endsWith('.parquet'))
    .sort();
  names.forEach((name, i) => {
    cpSync(join(run, 'samples', names[(i + 1) % names.length]!), join(copy, 'samples', name));
  });
}

function node(folder: string, [script, ...args]: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', PEAK, join(packageRoot, script!), ...args],
    { cwd: folder, env: { ...process.env, VECPROOF_HOME: folder }, encoding: 'utf8', maxBuffer: 2 ** 28 },
  );
  // 1: a gate failed, which is a result here.
  if (status !== 0 && status !== 1) throw new Error(`${args.join(' ')}: exit code ${status}: ${stderr}`);
  return { status, stdout, stderr };
}
