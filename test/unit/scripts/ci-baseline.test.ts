import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { newestBaseline, type Origin, takeRuns } from '../../../scripts/ci-baseline.js';

const origin: Origin = {
  repository: 'me/mine',
  repositoryId: 7,
  branch: 'main',
  workflow: 'nightly.yml',
  artifact: 'baseline-node22',
};
const ours = {
  id: 1,
  head_branch: 'main',
  event: 'schedule',
  path: '.github/workflows/nightly.yml@refs/heads/main',
  head_repository: { id: 7 },
  repository: { id: 7 },
};

/** GitHub with these runs, each with the artifact unless it is named in `without`. */
function asking(runs: object[], without: readonly number[] = []) {
  const asked: string[] = [];
  const ask = async (path: string) => {
    asked.push(path);
    const [, id] = /^\/actions\/runs\/(\d+)\/artifacts/.exec(path) ?? [];
    if (id === undefined) return { workflow_runs: runs };
    const artifacts = without.includes(Number(id)) ? [] : [{ name: origin.artifact, expired: false }];
    return { artifacts };
  };
  return { ask, asked };
}

describe('the run whose baseline is taken', () => {
  test.each([
    ['of a fork’s pull request', { head_repository: { id: 8 }, event: 'pull_request' }],
    ['of a pull request of this repository', { event: 'pull_request' }],
    ['of a fork whose branch has our name', { head_repository: { id: 8 } }],
    ['whose fork is gone', { head_repository: null }],
    ['of another branch', { head_branch: 'evil' }],
    ['of another workflow', { path: '.github/workflows/pull-request.yml' }],
    ['set off by a comment', { event: 'issue_comment' }],
  ])('is never one %s, though it has an artifact of that name and is newer', async (_, more) => {
    const { ask, asked } = asking([{ ...ours, id: 9, ...more }, ours]);
    expect(await newestBaseline(origin, ask)).toBe(1);
    expect(asked.some((path) => path.includes('/runs/9/'))).toBe(false);
    expect(asked[0]).toMatch(/^\/actions\/workflows\/nightly\.yml\/runs\?branch=main&/);
  });

  test('is the newest that has it; none: undefined', async () => {
    const runs = [{ ...ours, id: 3 }, { ...ours, id: 2 }, ours];
    expect(await newestBaseline(origin, asking(runs, [3]).ask)).toBe(2);
    expect(await newestBaseline(origin, asking(runs, [1, 2, 3]).ask)).toBeUndefined();
  });
});

describe('an artifact is data', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vecproof-artifact-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const artifact = (name: string) => {
    const path = join(folder, name, 'from');
    mkdirSync(join(path, '20260101-000000-x'), { recursive: true });
    return { from: path, to: join(folder, name, 'to') };
  };

  test('a link is refused, and nothing is taken', () => {
    const { from, to } = artifact('link');
    symlinkSync('/etc/passwd', join(from, '20260101-000000-x', 'manifest.json'));
    expect(() => takeRuns(from, to)).toThrow('is neither a file nor a folder');
    expect(() => readdirSync(to)).toThrow('ENOENT');
  });

  test('what does not fit the schemas is refused, and nothing is taken', () => {
    const { from, to } = artifact('schema');
    writeFileSync(join(from, '20260101-000000-x', 'manifest.json'), '{"schema":1,"id":"../../../x"}');
    expect(() => takeRuns(from, to)).toThrow();
    expect(() => readdirSync(to)).toThrow('ENOENT');
  });
});
