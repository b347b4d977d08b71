import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { packageRoot } from '../../common/paths.js';

const run = promisify(execFile);

interface Report {
  table: Record<string, Record<string, number>>;
  faults: unknown[];
}

/** Readers that take longer together with those that do not. */
const SHARES = [
  ['parquet', 'npy', 'hdf5', 'npz', 'csv', 'vecs', 'bin', 'jsonl', 'jsonl (packed)', 'arrow', 'qrels'],
  [
    ...['dataset.yaml', 'trec run', 'suite', 'query file', 'mapping', 'load state', 'export state'],
    ...[
      'run (json)',
      'run (parquet)',
      'run (lock, history, baselines)',
      'export (manifest)',
      'export (parts)',
    ],
  ],
];
const COUNT = 200;

test.concurrent.each(SHARES.map((formats) => ({ first: formats[0], formats })))(
  'changed files are refused or read: $first and others',
  async ({ formats }) => {
    const args = formats.flatMap((format) => ['--format', format]);
    const script = join(packageRoot, 'dist/scripts/fuzz/main.js');
    const { stdout } = await run(
      process.execPath,
      [script, '--json', '--count', String(COUNT), '--seed', '7', ...args],
      { maxBuffer: 2 ** 26 },
    ).catch((error: { stdout: string; stderr: string }) => ({ stdout: error.stdout || error.stderr }));
    const { table, faults } = JSON.parse(stdout) as Report;
    expect(faults).toEqual([]);
    for (const format of formats) {
      const counts = table[format]!;
      expect(
        Object.values(counts).reduce((sum, count) => sum + count, 0),
        format,
      ).toBe(COUNT);
      expect(counts['refused'], format).toBeGreaterThan(0);
    }
  },
  600_000,
);
