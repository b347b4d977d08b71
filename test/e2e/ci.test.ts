import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../../common/paths.js';
import { npy, randomVectors } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

const { scripts } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
const files = (folder: string) => readdirSync(join(packageRoot, folder)).map((name) => join(folder, name));
const workflows = files('.github/workflows');
const manifests = files('examples/kubernetes');
const text = (file: string) => readFileSync(join(packageRoot, file), 'utf8');

interface Step {
  uses?: string;
  run?: string;
}

describe('the examples for CI', () => {
  test.each(workflows)('%s: actions are pinned by commit, and nothing may write', (file) => {
    const { jobs, permissions } = parse(text(file)) as {
      jobs: Record<string, { steps: Step[] }>;
      permissions: Record<string, string>;
    };
    const steps = Object.values(jobs).flatMap((job) => job.steps);
    const used = steps.flatMap(({ uses }) => uses ?? []);
    expect(used.length).toBeGreaterThan(0);
    for (const uses of used) expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
    expect(new Set(Object.values(permissions))).toEqual(new Set(['read']));
  });

  test.each([...workflows, ...manifests])('%s: the scripts it calls exist', (file) => {
    for (const [, name] of text(file).matchAll(/npm run -s ([\w:]+)/g)) {
      const script = scripts[name!];
      expect(script, name).toBeDefined();
      const [, action] = /dist\/scripts\/ci\.js (\w+)$/.exec(script!) ?? [];
      expect(text('scripts/ci.ts')).toMatch(new RegExp(`^ {2}${action}[:,]`, 'm'));
    }
  });

  test.each(manifests.filter((file) => /(judge|nightly)\.yaml$/.test(file)))(
    '%s: pods without root',
    (file) => {
      const { spec } = parse(text(file)) as { spec: { template: { spec: Record<string, unknown> } } };
      const { securityContext, containers, automountServiceAccountToken } = spec.template.spec;
      expect(automountServiceAccountToken).toBe(false);
      expect(securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const container of containers as { securityContext: object }[])
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        });
      expect(text('examples/kubernetes/Dockerfile')).toMatch(/^USER 1000:1000$/m);
    },
  );

  test('a baseline comes from this workflow alone, and artifacts are unpacked outside of the checkout', () => {
    const nightly = text('.github/workflows/nightly.yml');
    expect(nightly).not.toMatch(/actions\/artifacts\?name=/);
    expect(nightly).toContain('npm run -s ci:earlier');
    const { jobs } = parse(nightly) as {
      jobs: { judge: { steps: (Step & { with?: { path?: string } })[] } };
    };
    const downloads = jobs.judge.steps.filter(({ uses }) => uses?.includes('download-artifact'));
    expect(downloads).toHaveLength(2);
    for (const { with: given } of downloads) expect(given?.path).toMatch(/^\$\{\{ runner\.temp \}\}\//);
    expect(text('.github/workflows/pull-request.yml')).toContain('npm audit');
    expect(text('.github/dependabot.yml')).toContain('package-ecosystem: npm');
  });

  test('the Indexed Job measures as many shards as it has pods', () => {
    const { spec } = parse(text('examples/kubernetes/nightly.yaml')) as {
      spec: { completionMode: string; completions: number; template: { spec: { containers: Container[] } } };
    };
    interface Container {
      env: { name: string; value: string }[];
    }
    expect(spec.completionMode).toBe('Indexed');
    const shards = spec.template.spec.containers[0]!.env.find(({ name }) => name === 'SHARDS');
    expect(shards?.value).toBe(String(spec.completions));
    const { jobs } = parse(text('.github/workflows/nightly.yml')) as {
      jobs: { measure: { strategy: { matrix: { shard: string[] } } } };
    };
    const { shard } = jobs.measure.strategy.matrix;
    expect(shard).toEqual(shard.map((_, i) => `${i + 1}/${shard.length}`));
  });
});

const SUITE = `version: 1
name: ci
dataset: { path: ./points.npy, metric: l2 }
k: 5
repeat: 1
warmup: 0
builds: 2
engines:
  - use: hnswlib
    index: { type: hnsw, m: 8, efConstruction: 40 }
    search: { ef: 50 }
gates:
  preset: nightly
`;

describe('the scripts that CI calls', () => {
  const work = new Workspace();
  work.write('points.npy', npy(randomVectors(500, 8)));
  work.write('points.queries.npy', npy(randomVectors(250, 8, 2)));
  const suite = work.write('ci.yaml', SUITE);
  const easy = work.write('pr.yaml', SUITE.replace('preset: nightly', 'errors: total == 0'));
  const summary = join(work.folder, 'summary.md');
  const ci = (args: string[], home: string, chosen = suite) => {
    const command = join(packageRoot, 'dist/scripts/ci.js');
    const env = {
      PATH: process.env['PATH'],
      CI_SUITE: chosen,
      VECPROOF_HOME: home,
      GITHUB_STEP_SUMMARY: summary,
    };
    const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
      cwd: work.folder,
      env,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };

  test('pr: measures, judges, and leaves what CI shows', () => {
    const home = join(work.folder, 'pr');
    const { status, stderr } = ci(['pr'], home, easy);
    expect(status, stderr).toBe(0);
    const [run] = readdirSync(join(home, '.runs')).filter((name) => /^\d/.test(name));
    expect(readFileSync(join(home, '.runs', run!, 'junit.xml'), 'utf8')).toContain('<testsuites tests="1"');
    expect(readFileSync(summary, 'utf8')).toContain('### vecproof: ci');
  });

  test('two nights: shards, merged; the first becomes the baseline of the second', () => {
    const night = (number: number) => {
      const shards = [1, 2].map((i) => {
        const home = join(work.folder, `night${number}-shard${i}`);
        const { status, stderr } = ci(['shard', `${i}/2`], home);
        expect(status, stderr).toBe(0);
        return home;
      });
      // As the artifacts of all shards are unpacked into one folder.
      const all = join(work.folder, `night${number}`);
      for (const home of shards) spawnSync('cp', ['-r', `${home}/.runs/.`, `${all}/`]);
      return all;
    };
    const judge = join(work.folder, 'judge');
    spawnSync('mkdir', ['-p', join(work.folder, 'night1'), join(work.folder, 'night2')]);
    const first = ci(['nightly', night(1)], judge);
    expect(first.status, first.stderr).toBe(2);
    expect(first.stderr).toContain('there is no baseline yet');
    expect(ci(['baseline'], judge).status).toBe(0);
    expect(existsSync(join(judge, '.runs/baselines.json'))).toBe(true);
    const second = ci(['nightly', night(2)], judge);
    expect(second.status, second.stdout + second.stderr).toBe(0);
    expect(second.stdout).toContain('2 builds against 2');
  });

  test('an action that does not exist is bad input', () => {
    expect(ci(['nigthly'], work.folder).status).toBe(2);
  });
});
