import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

/** A name that titles the window, overwrites its line, turns the writing and gives commands to CI. */
const HOSTILE =
  'x\u001b]0;PWN\u0007\u001b[2K\r\u202e\u009b2J\n::stop-commands::tok\n::error::owned\n##[error]owned';
/** Labels are shorter. */
const LABEL = 'x\u001b]0;P\u0007\r\u202e\n::error::owned\n##[error]owned';
const YAML_NAME = JSON.stringify(HOSTILE);
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const ACTING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

function expectInert(text: string, about: string): void {
  expect(text, about).not.toMatch(ACTING);
  for (const line of text.split('\n')) {
    expect(
      line.trim().startsWith('::') &&
        !line.startsWith('::warning title=gate') &&
        /stop-commands|owned/.test(line),
      `${about}: ${line}`,
    ).toBe(false);
    expect(line, about).not.toContain('##[');
  }
}

const SUITE = `version: 1
name: ${YAML_NAME}
description: ${YAML_NAME}
dataset: { path: ./points.npy, metric: l2 }
repeat: 1
warmup: 0
engines:
  - use: usearch
    label: ${JSON.stringify(LABEL)}
    index: { m: 8 }
    search: { ef: [16, 32] }
gates:
  latency: p(50) < 0.000001ms
`;

function workspace(): Workspace {
  const work = new Workspace();
  work.write('points.npy', npy(randomVectors(200, 8)));
  work.write('points.queries.npy', npy(randomVectors(20, 8, 2)));
  work.write('suite.yaml', SUITE);
  return work;
}

describe('names of a suite in the output of every command', () => {
  test('terminal, logs of CI, step summary', async () => {
    const work = workspace();
    const summary = join(work.folder, 'summary.md');
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary };
    const place = { folder: work.folder, env };
    const bare = { folder: work.folder, env: { GITHUB_ACTIONS: 'true' } };
    const first = await vecproof(['run', 'suite.yaml'], place);
    expect(first.code, first.stderr).toBeLessThan(2);
    expectInert(first.stdout + first.stderr, 'run');
    const runs = [
      ['run', 'suite.yaml', '--dry-run'],
      ['list', 'runs'],
      ['list', 'runs', '--json'],
      ['list', 'history'],
      ['report', 'latest', '--json'],
      ['report', 'latest', '--format', 'github'],
      ['gate', 'latest', '--format', 'github'],
      ['gate', 'latest', '--json'],
      ['baseline', 'set', 'latest'],
      ['baseline', 'list'],
      ['lock', 'suite.yaml'],
      ['run', `${HOSTILE}.yaml`],
      [HOSTILE],
      ['list', HOSTILE],
      [`--${HOSTILE}`],
      ['report', HOSTILE],
      ['dataset', 'check', HOSTILE],
      ['truth', HOSTILE, '--k', '1', '--out', 'x.parquet'],
      ['score', '--qrels', HOSTILE, '--run', HOSTILE, '--measures', HOSTILE],
      ['compare', HOSTILE, HOSTILE],
      ['export', `lancedb:${HOSTILE}#${HOSTILE}`, '--out', 'y'],
      ['inventory', `lancedb:${HOSTILE}#${HOSTILE}`],
      ['map', HOSTILE, '--to', HOSTILE, '--out', 'm.yaml'],
      ['load', HOSTILE, '--mapping', HOSTILE],
      ['verify', HOSTILE, HOSTILE],
      ['migrate', HOSTILE],
    ];
    const command = async (args: string[]) => {
      const { stdout, stderr, code } = await vecproof(args, place);
      expect(code, `${args.join(' ')}: ${stderr}`).not.toBeNull();
      expect(stderr, 'no defect').not.toContain('unexpected:');
      expectInert(stdout + stderr, JSON.stringify(args));
    };
    for (let at = 0; at < runs.length; at += 4) await Promise.all(runs.slice(at, at + 4).map(command));
    const summaryOnStdout = await vecproof(['report', 'latest', '--format', 'github'], bare);
    expectInert(summaryOnStdout.stdout, 'summary on stdout');
    expectInert(readFileSync(summary, 'utf8'), 'summary');
  });

  test('what a suite says of a place', async () => {
    const work = workspace();
    work.write('data/dataset.yaml', `version: 1\npoints: { file: ${YAML_NAME} }\nmetric: l2\n`);
    work.write('other.yaml', SUITE.replace('./points.npy', './data'));
    const { stderr, code } = await vecproof(['run', 'other.yaml'], {
      folder: work.folder,
      env: { GITHUB_ACTIONS: 'true' },
    });
    expect(code).toBe(2);
    expectInert(stderr, 'fault');
  });
});

test('what is written is its user’s alone, whatever the umask', async () => {
  const work = workspace();
  const before = process.umask(0);
  try {
    const { code, stderr } = await vecproof(['run', 'suite.yaml'], work);
    expect(code, stderr).toBeLessThan(2);
  } finally {
    process.umask(before);
  }
  const open: string[] = [];
  const walk = (path: string) => {
    const { mode } = statSync(path);
    if ((mode & 0o077) !== 0) open.push(`${path} ${(mode & 0o777).toString(8)}`);
    if (statSync(path).isDirectory()) for (const name of readdirSync(path)) walk(join(path, name));
  };
  for (const top of ['.runs', '.cache']) {
    const path = join(work.folder, top);
    expect(existsSync(path)).toBe(true);
    expect(statSync(path).mode & 0o777, top).toBe(0o700);
    for (const name of readdirSync(path)) if (top === '.runs') walk(join(path, name));
  }
  expect(open).toEqual([]);
});
