import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../common/paths.js';

/** Ways to read a file that wait for FIFOs, take any size, or believe what a file says of itself; and where they may be. */
const DOORS: readonly [way: RegExp, allowed: RegExp][] = [
  [
    /\breadFileSync\(/,
    /^(common\/(installation|machine|modules|paths|processes|regular-file)|harness\/(process\/|run\/|truth\/wasm-memory))/,
  ],
  [/\bcreateReadStream\(/, /^common\/regular-file/],
  [
    /\bopenSync\([^)]*'r'\)/,
    /^(datasets\/(prepared|metadata)|harness\/(truth|run)\/|migration\/probe\/repeated)/,
  ],
  [/\basyncBufferFromFile\b/, /^$/],
  [/from 'hyparquet-compressors'/, /^datasets\/formats\/parquet\/compression/],
  [/\bparquetRead(Objects)?\(/, /^datasets\/formats\/parquet\//],
];

const FOLDERS = ['common', 'datasets', 'filters', 'harness', 'migration', 'cli/actions', 'cli/commands'];

function sources(folder: string): string[] {
  return readdirSync(join(packageRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sources(path);
    return path.endsWith('.ts') ? [path] : [];
  });
}

test('files that come from elsewhere are read through one door', () => {
  const found = FOLDERS.flatMap(sources).flatMap((path) => {
    const text = readFileSync(join(packageRoot, path), 'utf8');
    return DOORS.filter(([way, allowed]) => way.test(text) && !allowed.test(path)).map(
      ([way]) => `${path}: ${way.source}`,
    );
  });
  expect(found, 'use common/regular-file.ts and datasets/formats/parquet/stored.ts').toEqual([]);
});
