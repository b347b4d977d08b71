import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { InputError } from '../../../common/errors.js';
import { packageRoot } from '../../../common/paths.js';
import type { Dataset, PointBatch } from '../../../datasets/dataset.js';
import { openDataset } from '../../../datasets/open.js';

/** Files that numpy, h5py, pyarrow, pandas and DuckDB wrote; see make-fixtures.py beside them. */
export const fixtures = join(packageRoot, 'test', 'golden', 'datasets');
export const ROWS = 20;
export const DIMENSIONS = 6;

/** Integer pattern of the fixtures. */
export function step(row: number, column: number): number {
  return (row * 7 + column * 3) % 32;
}

/** What every floating-point fixture holds, exact in float16. */
export function expected(row: number, column: number): number {
  return (step(row, column) - 16) / 8 + row;
}

export function expectedVectors(value: (row: number, column: number) => number = expected): number[] {
  return Array.from({ length: ROWS * DIMENSIONS }, (_, i) =>
    value(Math.floor(i / DIMENSIONS), i % DIMENSIONS),
  );
}

const folders: string[] = [];

/** An empty folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vecproof-test-'));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Opens with a cache of its own, so that no test sees what another left behind. */
export function openFresh(
  nameOrPath: string,
  options: Partial<Parameters<typeof openDataset>[1]> = {},
): Promise<Dataset> {
  return openDataset(nameOrPath, { baseFolder: fixtures, cacheFolder: temporaryFolder(), ...options });
}

/** Everything of a stream of batches; vectors are copied, as the batch reuses them. */
export async function collect(batches: AsyncIterable<PointBatch>) {
  const ids: string[] = [];
  const vectors: number[] = [];
  const metadata: Record<string, unknown[]> = {};
  for await (const batch of batches) {
    expect(batch.start).toBe(ids.length);
    expect(batch.ids).toHaveLength(batch.count);
    ids.push(...batch.ids);
    vectors.push(...batch.vectors);
    for (const [name, values] of Object.entries(batch.metadata ?? {})) {
      metadata[name] = [...(Object.hasOwn(metadata, name) ? metadata[name]! : []), ...values];
    }
  }
  return { ids, vectors, metadata };
}

/** The promise must fail as bad input (exit code 2) with a message that holds every one of the pieces. */
export async function expectInputError(work: Promise<unknown>, ...pieces: string[]): Promise<void> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InputError);
  expect((error as InputError).exitCode).toBe(2);
  for (const piece of pieces) expect((error as InputError).message).toContain(piece);
  expect((error as InputError).next, 'says what to do').toBeTruthy();
}
