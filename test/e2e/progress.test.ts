import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../common/paths.js';
import { vecproof } from './helpers/cli.js';
import { slowSuite } from './helpers/slow-suite.js';

const ESCAPE = '\u001b';

test('off a terminal: plain lines on stderr, the summary on stdout', async () => {
  const work = slowSuite();
  const { code, stdout, stderr } = await vecproof(['run', 'suite.yaml', '--only', 'm4-'], work);
  expect(code).toBe(0);
  for (const text of [stdout, stderr]) {
    expect(text).not.toContain(ESCAPE);
    expect(text).not.toContain('\r');
  }
  expect(stdout).toContain('Report: .runs/');
  const lines = stderr.trim().split('\n').filter(Boolean);
  // What was taken for id and vector comes first.
  const progress = lines.slice(
    lines.findLastIndex((line) => /^(query )?(id|vector|text): \S/.test(line)) + 1,
  );
  expect(progress.length).toBeGreaterThan(0);
  for (const line of progress) expect(line).toMatch(/^build 1 of 1 · (\S.* · )?trials \d of 3/);
});

/** `script` of util-linux gives a command a terminal. */
const hasScript =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;

test.skipIf(!hasScript)(
  `on a terminal: one live line with builds and trials, which makes way for the summary${hasScript ? '' : ' (skipped: needs script)'}`,
  () => {
    const work = slowSuite();
    const command = `'${process.execPath}' '${join(packageRoot, 'dist/cli/main.js')}' run suite.yaml`;
    const screen = execFileSync('script', ['-qec', command, '/dev/null'], {
      cwd: work.folder,
      env: { PATH: process.env['PATH'], TERM: 'xterm', VECPROOF_HOME: work.folder, TMPDIR: work.folder },
      encoding: 'utf8',
    });
    const clear = `\r${ESCAPE}[2K`;
    const live = screen.split(clear);
    expect(live.length, 'the line was written again and again').toBeGreaterThan(5);
    expect(screen).toMatch(/build 2 of 2 · trials \d of 6/);
    expect(screen).toMatch(/✓.* usearch hnsw m=4/);
    // Where the live line ends, the summary begins on a clean line.
    expect(live.at(-1)).toContain('Report: .runs/');
    expect(live.at(-1)).not.toContain('build 2 of 2');
  },
);
