import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, messageOf, VecproofError } from '../common/errors.js';
import { homeFolder, packageRoot } from '../common/paths.js';
import { printable } from '../common/print.js';
import { readManifest } from '../harness/store/manifests.js';
import { listRuns, runFolder } from '../harness/store/run-folder.js';
import { askGithub, newestBaseline, takeRuns } from './ci-baseline.js';

/**
 * What CI does, the same on a workflow's runner, in a Kubernetes pod and on a desk; nothing but calls of the command line.
 *
 *   ci.js pr                  measures the suite for pull requests, judges it, writes junit.xml and annotations
 *   ci.js shard <i/n>         measures a part of the nightly suite
 *   ci.js nightly [folder]    merges the shards in a folder of runs, judges the run against the baseline `main`
 *   ci.js earlier             prints "run=<id>" of the newest run of this workflow with a baseline, or "run="
 *   ci.js take <folder>       takes the runs of an unpacked artifact over, once all of it was read by its schemas
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

/** From this repository, branch and workflow alone; the variables are those of GitHub Actions. */
async function earlier(): Promise<number> {
  const { env } = process;
  const variable = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === '') throw new Error(`${name} is not set`);
    return value;
  };
  const origin = {
    repository: variable('GITHUB_REPOSITORY'),
    repositoryId: Number(variable('GITHUB_REPOSITORY_ID')),
    branch: variable('GITHUB_REF_NAME'),
    workflow: 'nightly.yml',
    artifact: variable('BASELINE'),
  };
  const run = await newestBaseline(origin, askGithub(origin, env));
  process.stdout.write(`run=${run ?? ''}\n`);
  return 0;
}

function take(): number {
  for (const id of takeRuns(resolve(argument ?? ''), runs)) process.stderr.write(`took ${id}\n`);
  return 0;
}

const ACTIONS: Record<string, () => number | Promise<number>> = {
  pr: () => reported(vecproof('run', suite('ci-pr.yaml'))),
  shard: () => vecproof('run', suite('ci-nightly.yaml'), '--shard', argument ?? ''),
  nightly,
  earlier,
  take,
  baseline: () => vecproof('baseline', 'set', 'latest', '--name', 'main'),
};

const chosen = action === undefined ? undefined : ACTIONS[action];
if (chosen === undefined) {
  process.stderr.write(`unknown action ${action}; there are ${Object.keys(ACTIONS).join(', ')}\n`);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await chosen();
  } catch (error) {
    process.stderr.write(`${printable(messageOf(error))}\n`);
    process.exitCode = error instanceof VecproofError ? error.exitCode : EXIT.engineOrDatasetFailed;
  }
}
