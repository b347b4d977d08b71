import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../harness/model/manifest.js';
import type { Results } from '../../harness/model/results.js';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

const SUITE = `version: 1
name: sharded
dataset: { path: ./points.npy, metric: l2 }
k: [1, 10]
depth: largest
repeat: 2
warmup: 3
engines:
  - use: hnswlib
    index: { type: hnsw, m: [4, 8, 12], efConstruction: 20 }
    search: { ef: [20, 50] }
gates:
  recall.ties@10: mean >= 0.2
`;

/** One whole run and two shards of it. */
let work: Workspace;
const at = (id: string, ...names: string[]) => join(work.folder, '.runs', id, ...names);
const results = (id: string) => JSON.parse(readFileSync(at(id, 'results.json'), 'utf8')) as Results;

beforeAll(async () => {
  work = new Workspace();
  work.write('points.npy', npy(randomVectors(1500, 12)));
  work.write('points.queries.npy', npy(randomVectors(100, 12, 2)));
  work.write('suite.yaml', SUITE);
  for (const args of [[], ['--shard', '1/2'], ['--shard', '2/2']]) {
    const { code, stderr } = await vecproof(['run', 'suite.yaml', ...args], work);
    expect(code, stderr).toBe(0);
  }
});

/** What does not depend on the clock, nor on what else the machine did. */
const deterministic = ({ trials }: Results) =>
  trials.map(({ measures, replaced: _, ...row }) => ({
    ...row,
    flags: row.flags.filter((flag) => !flag.startsWith('busy-')),
    measures: Object.fromEntries(
      Object.entries(measures).filter(([name]) =>
        /^(recall|distance|errors|returned|index\.size)/.test(name),
      ),
    ),
  }));

describe('shards', () => {
  test('split the builds, each once, and are not judged', () => {
    const [, one, two] = work.runs.map(results);
    const builds = (run: Results) => [...new Set(run.trials.map(({ build }) => build))];
    expect(builds(one!)).toHaveLength(2);
    expect(builds(two!)).toHaveLength(1);
    expect(new Set([...builds(one!), ...builds(two!)]).size).toBe(3);
    expect(work.files('.runs').filter((name) => name.endsWith('verdicts.json'))).toHaveLength(1);
  });

  test('merge into the run that one machine would have made, judged', async () => {
    const [whole, one, two] = work.runs as [string, string, string];
    const { code, stderr } = await vecproof(['merge', two, one], work);
    expect(code, stderr).toBe(0);
    const merged = work.runs.at(-1)!;
    expect(deterministic(results(merged))).toEqual(deterministic(results(whole)));
    expect(results(merged).run).toMatchObject({ state: 'completed', command: 'vecproof run suite.yaml' });
    const verdicts = (id: string) =>
      JSON.parse(readFileSync(at(id, 'verdicts.json'), 'utf8')) as { verdicts: unknown };
    expect(verdicts(merged).verdicts).toEqual(verdicts(whole).verdicts);
  });
});

test('shards of two machines are never one order of times', async () => {
  const [, one, two] = work.runs as [string, string, string];
  const other = 'z-fast';
  cpSync(at(two), at(other), { recursive: true });
  const manifest = JSON.parse(readFileSync(at(other, 'manifest.json'), 'utf8')) as Manifest;
  Object.assign(manifest.environment, { cpu: 'Fast CPU', cores: 128 });
  writeFileSync(at(other, 'manifest.json'), JSON.stringify(manifest));
  const { code, stdout, stderr } = await vecproof(['merge', other, one], work);
  expect(code, stderr).toBe(0);
  const merged = results(work.runs.filter((id) => id !== other).at(-1)!);
  expect(merged.machines!.map(({ cpu }) => cpu)).toEqual([merged.environment.cpu, 'Fast CPU']);
  const shares = merged.trials.map(({ build, machine }) => [build, machine]);
  expect(new Set(shares.map(String)).size).toBe(3);
  expect(shares.filter(([, machine]) => machine === 2)).toHaveLength(2);
  const said = stdout.replace(/\s+/g, ' ');
  expect(said).toMatch(/on machine 1 \(.*\) hnswlib.*; on machine 2 \(Fast CPU, 128 cores\) hnswlib/);
  expect(said).toContain('times of one do not compare with those of another');
  rmSync(at(other), { recursive: true });
});

describe('bad input', () => {
  const refused = async (args: string[]) => {
    const before = work.runs;
    const { code, stdout, stderr } = await vecproof(args, work);
    expect(code, stderr).toBe(2);
    expect(stdout).toBe('');
    expect(work.runs, 'nothing half-merged is left').toEqual(before);
    return stderr;
  };
  const forged = (from: string, name: string, change: (manifest: Manifest) => void): string => {
    cpSync(at(from), at(name), { recursive: true });
    const manifest = JSON.parse(readFileSync(at(name, 'manifest.json'), 'utf8')) as Manifest;
    change(manifest);
    writeFileSync(at(name, 'manifest.json'), JSON.stringify(manifest));
    return name;
  };

  test('a shard missing, given twice, or a run that is none', async () => {
    const [whole, one] = work.runs as [string, string];
    expect(await refused(['merge', one])).toMatch(/shard 2 of 2 is missing[\s\S]*--shard 2\/2/);
    expect(await refused(['merge', one, one])).toMatch(/shard 1 of 2 is given twice/);
    expect(await refused(['merge', whole, one])).toMatch(/is not a shard/);
    expect(await refused(['gate', one])).toMatch(/shard 1 of 2[\s\S]*merge/);
    expect(await refused(['baseline', 'set', one])).toMatch(/is a shard/);
  });

  test.each<[string, (manifest: Manifest) => void, RegExp]>([
    ['suite', (m) => (m.suite.text += '\n# edited'), /another suite/],
    ['dataset', (m) => (m.dataset.hash = 'x'), /another dataset/],
    ['queries', (m) => (m.queries.hash = 'x'), /another set of queries/],
    ['seed', (m) => (m.seed = 7), /another plan/],
    ['schema', (m) => Object.assign(m, { schema: 99 }), /newer vecproof/],
  ])('a shard of another %s', async (name, change, message) => {
    const [, one, two] = work.runs as [string, string, string];
    const other = forged(two, `z-${name}`, change);
    expect(await refused(['merge', one, other])).toMatch(message);
  });

  test.each(['0/2', '3/2', '1', 'a/b', '1/2/3'])('--shard %s', async (shard) => {
    expect(await refused(['run', 'suite.yaml', '--shard', shard])).toMatch(/--shard: must be i\/n/);
  });

  test('more shards than builds', async () => {
    expect(await refused(['run', 'suite.yaml', '--shard', '4/4'])).toMatch(
      /has 3 builds.*\n.*at most 3 shards/,
    );
  });
});
