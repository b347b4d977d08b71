import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { homeFolder, packageRoot } from '../common/paths.js';
import { readManifest } from '../harness/store/manifests.js';
import { listRuns, runFolder } from '../harness/store/run-folder.js';

/**
 * What CI does, the same on a workflow's runner, in a Kubernetes pod and on a desk; nothing but calls of the command line.
 *
 *   ci.js pr                  measures the suite for pull requests, judges it, writes junit.xml and annotations
 *   ci.js shard <i/n>         measures a part of the nightly suite
 *   ci.js nightly [folder]    merges the shards in a folder of runs, judges the run against the baseline `main`
 *   ci.js baseline            makes the newest run the baseline, if it may be one
 *
 * CI_SUITE takes the place of the suite. Exit codes are those of vecproof.
 */
const [action, argument] = process.argv.slice(2);
const runs = join(homeFolder(), '.runs');
const baselines = join(runs, 'baselines.json');

function vecproof(...args: string[]): number {
  process.stderr.write(`vecproof ${args.join(' ')}\n`);
  const cli = join(packageRoot, 'dist/cli/main.js');
  const { status, signal } = spawnSync(process.execPath, [cli, ...args], { stdio: 'inherit' });
  if (status === null) process.stderr.write(`vecproof was ended by ${signal}\n`);
  return status ?? 3;
}

const suite = (name: string): string => process.env['CI_SUITE'] ?? join(packageRoot, 'suites', name);

/** A run's own exit code counts; what CI shows is written whenever the gates could be judged. */
function reported(code: number): number {
  if (code !== 0 && code !== 1) return code;
  const judged = vecproof('gate', 'latest', '--format', 'junit,github');
  return code === 0 ? judged : code;
}

/** Shards among the runs of a folder. */
function shardsIn(parent: string): string[] {
  return listRuns(parent)
    .map((id) => join(parent, id))
    .filter((path) => readManifest(runFolder(path)).shard !== undefined);
}

function nightly(): number {
  const merged = vecproof('merge', ...shardsIn(argument === undefined ? runs : resolve(argument)));
  // Without a baseline the very first night cannot be judged (exit code 2) and may become it: told, not hidden.
  if (merged === 2 && !existsSync(baselines)) {
    process.stderr.write('there is no baseline yet: "npm run ci:baseline" makes this run it\n');
  }
  return reported(merged);
}

const ACTIONS: Record<string, () => number> = {
  pr: () => reported(vecproof('run', suite('ci-pr.yaml'))),
  shard: () => vecproof('run', suite('ci-nightly.yaml'), '--shard', argument ?? ''),
  nightly,
  baseline: () => vecproof('baseline', 'set', 'latest', '--name', 'main'),
};

const chosen = action === undefined ? undefined : ACTIONS[action];
if (chosen === undefined) {
  process.stderr.write(`unknown action ${action}; there are ${Object.keys(ACTIONS).join(', ')}\n`);
  process.exitCode = 2;
} else process.exitCode = chosen();
