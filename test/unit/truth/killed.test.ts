import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { packageRoot } from '../../../common/paths.js';
import { askUntil } from '../../../engines/kit/poll.js';
import { Random } from '../../../harness/measures/random.js';
import { checkpointAt } from '../../../harness/truth/checkpoint.js';
import { computeTruth } from '../../../harness/truth/compute.js';
import { readTruthOrPart, writeTruth } from '../../../harness/truth/files.js';
import { mergeParts } from '../../../harness/truth/merge.js';
import type { RowRange, TruthOptions } from '../../../harness/truth/options.js';
import { Bench, randomVectors } from './vectors.js';

const bench = new Bench();
afterAll(() => bench.remove());

const [rows, dimensions, asked, k] = [40_000, 16, 20, 9];
const TILE = 64;
const vectors = bench.prepared(randomVectors(rows, dimensions, 1), dimensions);
const queries = randomVectors(asked, dimensions, 2);
const options: TruthOptions = { metric: 'l2', k, threads: 1, tileRows: TILE, kernel: 'wasm' };
const never = new AbortController().signal;

/** The same scan as a process of its own, which keeps what it has found after every tile. */
const SCAN = `
import { readFileSync } from 'node:fs';
const [dist, file, path, given] = process.argv.slice(2);
const { computeTruth } = await import(dist + 'harness/truth/compute.js');
const { checkpointAt } = await import(dist + 'harness/truth/checkpoint.js');
const { options, count, dimensions, queries } = JSON.parse(readFileSync(given, 'utf8'));
const vectors = { file, count, dimensions, read() {}, close() {} };
await computeTruth(vectors, Float32Array.from(queries), { ...options, checkpoint: checkpointAt(path), checkpointSeconds: 0 });
`;

/** Kills such a process once it has kept at least so many rows; returns how many it had kept. */
async function killedAfter(path: string, least: number, part: RowRange | undefined): Promise<number> {
  const [script, given] = [join(bench.folder, 'scan.mjs'), `${path}.json`];
  writeFileSync(script, SCAN);
  writeFileSync(
    given,
    JSON.stringify({ options: { ...options, part }, count: rows, dimensions, queries: [...queries] }),
  );
  const dist = `${pathToFileURL(join(packageRoot, 'dist')).href}/`;
  const child = spawn(process.execPath, [script, dist, vectors.file, path, given], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const done = () => (existsSync(path) ? checkpointAt(path).read(asked, k)!.done : 0);
  await askUntil(async () => (done() >= least || child.exitCode !== null ? true : undefined), never, 2);
  child.kill('SIGKILL');
  const [, signal] = await ended;
  expect(signal).toBe('SIGKILL');
  return done();
}

/** Goes on where the killed one was; nothing that it had kept is scanned again. */
async function resumed(path: string, kept: number, part: RowRange | undefined) {
  const { from, to } = part ?? { from: 0, to: rows };
  let scanned = 0;
  const truth = await computeTruth(vectors, queries, {
    ...options,
    part,
    checkpoint: checkpointAt(path),
    onProgress: () => scanned++,
  });
  expect(scanned).toBe(Math.ceil((to - kept) / TILE));
  expect(kept).toBeGreaterThan(from);
  expect(existsSync(path)).toBe(false);
  return truth;
}

const random = new Random(23);
/** Early in the scan, so that it is not over before it is killed. */
const EARLY = 1500;
const SCANS = 1;

test.each(Array.from({ length: SCANS }, (_, i) => [i, 64 + random.below(EARLY)]))(
  'a scan that is killed goes on without repeating a tile, to the same bits: %i, after %i rows',
  async (i, least) => {
    const whole = await computeTruth(vectors, queries, options);
    const path = join(bench.folder, `killed-${i}.partial`);
    const kept = await killedAfter(path, least, undefined);
    const { rows: found, distances } = await resumed(path, kept, undefined);
    expect(found).toEqual(whole.rows);
    expect(distances).toEqual(whole.distances);
  },
  120_000,
);

test('a part that is killed goes on, and the merged parts are the whole', async () => {
  const whole = await computeTruth(vectors, queries, options);
  const parts: RowRange[] = [
    { from: 0, to: 17_000 },
    { from: 17_000, to: rows },
  ];
  const found = [];
  for (const [i, part] of parts.entries()) {
    const path = join(bench.folder, `part-${i}.partial`);
    const kept = i === 0 ? undefined : await killedAfter(path, part.from + 64 + random.below(EARLY), part);
    const truth =
      kept === undefined
        ? await computeTruth(vectors, queries, { ...options, part })
        : await resumed(path, kept, part);
    const file = join(bench.folder, `part-${i}.parquet`);
    const said = { ...part, points: rows, datasetHash: 'd', queriesHash: 'q' };
    await writeTruth(file, { ...truth, part: said }, { metric: 'l2' });
    found.push({ path: file, truth: await readTruthOrPart(file) });
  }
  const merged = mergeParts(found);
  expect(merged.rows).toEqual(whole.rows);
  expect(merged.distances).toEqual(whole.distances);
}, 120_000);
