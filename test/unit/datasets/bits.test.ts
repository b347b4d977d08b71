import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BIT_METRICS, type Dataset } from '../../../datasets/dataset.js';
import { prepareVectors } from '../../../datasets/prepare.js';
import { Random } from '../../../harness/measures/random.js';
import { computeTruth } from '../../../harness/truth/compute.js';
import { writeTruth } from '../../../harness/truth/files.js';
import { collect, expectInputError, openFresh, temporaryFolder } from './support.js';

const python = process.env['VECPROOF_PYTHON'];

/** Rows of bits as text, in numpy's format, eight a byte. */
function writePacked(path: string, rows: readonly string[]): void {
  const bytes = rows.flatMap((row) =>
    (row.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2)),
  );
  writeNpy(path, '|u1', rows.length, Uint8Array.from(bytes));
}

function writeNpy(path: string, descr: string, count: number, values: Uint8Array | Float32Array): void {
  const shape = `(${count}, ${values.length / count})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117).concat('\n');
  const head = Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.from([118, 0]),
    Buffer.from(text),
  ]);
  writeFileSync(path, Buffer.concat([head, new Uint8Array(values.buffer, 0, values.byteLength)]));
}

async function vectorsOf(dataset: Dataset): Promise<number[]> {
  return (await collect(dataset.points({ batchSize: 3 }))).vectors;
}

const ROWS = ['1100000001', '0000000000', '1111111111', '0000000010', '1010101010'];

test('uint8 holds eight bits a byte, everything else one a number', async () => {
  const folder = temporaryFolder();
  const [packed, floats] = [join(folder, 'packed.npy'), join(folder, 'floats.npy')];
  const numbers = Float32Array.from(ROWS.join(''), Number);
  for (const stem of ['', '.queries']) {
    writePacked(packed.replace('.npy', `${stem}.npy`), ROWS);
    writeNpy(floats.replace('.npy', `${stem}.npy`), '<f4', ROWS.length, numbers);
  }
  const [a, b] = [
    await openFresh(packed, { metric: 'hamming' }),
    await openFresh(floats, { metric: 'hamming' }),
  ];
  expect([a.info.dimensions, b.info.dimensions]).toEqual([16, 10]);
  const padded = ROWS.flatMap((row) => Array.from(row.padEnd(16, '0'), Number));
  expect(await vectorsOf(a)).toEqual(padded);
  expect(Array.from((await a.queries('queries')).vectors)).toEqual(padded);
  expect(await vectorsOf(b)).toEqual(Array.from(numbers));
  // As numbers the same bytes are another dataset.
  const asNumbers = await openFresh(packed, { metric: 'l2' });
  expect([asNumbers.info.dimensions, asNumbers.info.hash === a.info.hash]).toEqual([2, false]);
  for (const dataset of [a, b, asNumbers]) await dataset.close();
});

test('what is no bit is bad input with its place', async () => {
  const path = join(temporaryFolder(), 'x.npy');
  for (const each of [path, path.replace('.npy', '.queries.npy')])
    writeNpy(each, '<f4', 2, Float32Array.of(0, 1, 1, 0.5));
  const dataset = await openFresh(path, { metric: 'jaccard' });
  await expectInputError(
    prepareVectors(dataset, { cacheFolder: temporaryFolder() }),
    'x.npy row 1',
    'component 1 of the vector is no bit',
    '0.5',
  );
  await dataset.close();
});

test('a file of h5py says hamming and holds booleans', async () => {
  const dataset = await openFresh('hamming.hdf5');
  expect(dataset.info).toMatchObject({ metric: 'hamming', metricSource: 'file', dimensions: 6, count: 20 });
  expect(new Set(await vectorsOf(dataset))).toEqual(new Set([0, 1]));
  await dataset.close();
});

test.each(BIT_METRICS)('what is written for ann-benchmarks is read back: %s', async (metric) => {
  const folder = temporaryFolder();
  const random = new Random(3);
  const bits = (rows: number) =>
    Float32Array.from({ length: rows * 37 }, () => Number(random.below(4) === 0));
  const [train, test] = [bits(60).fill(0, 0, 37), bits(5)];
  const file = join(folder, 'vectors.f32');
  writeFileSync(file, train);
  const vectors = { file, count: 60, dimensions: 37, read: () => undefined, close: () => undefined };
  const truth = await computeTruth(vectors, test, { metric, k: 10, threads: 1 });
  const reference = metric === 'hamming' ? 'usearch-int8' : 'usearch';
  expect(truth).toMatchObject({ kernel: 'popcount', checked: { kernel: reference, queries: 5 } });
  const path = join(folder, 'ours.hdf5');
  await writeTruth(path, truth, { metric, data: { dimensions: 37, train, test } });
  const dataset = await openFresh(path);
  expect(dataset.info).toMatchObject({ metric, dimensions: 37, count: 60 });
  expect(await vectorsOf(dataset)).toEqual(Array.from(train));
  expect((await dataset.queries('test')).vectors).toEqual(test);
  const provided = await dataset.providedTruth('test');
  const unit = metric === 'hamming' ? 37 : 1;
  expect(provided).toMatchObject({
    k: 10,
    rows: truth.rows,
    distances: Float32Array.from(truth.distances, (distance) => distance / unit),
  });
  await dataset.close();
});

const NUMPY = `
import json, sys, numpy as np
x, q = (np.unpackbits(np.load(path), axis=1).astype(np.int64) for path in sys.argv[1:3])
both = q @ x.T
either = q.sum(1)[:, None] + x.sum(1)[None, :] - both
far = either - both if sys.argv[3] == 'hamming' else np.where(either == 0, 1.0, 1 - both / np.maximum(either, 1))
order = np.lexsort((np.broadcast_to(np.arange(len(x)), far.shape), far), axis=1)[:, :50]
print(json.dumps([order.tolist(), np.take_along_axis(far, order, 1).tolist()]))
`;

test.skipIf(python === undefined).each(BIT_METRICS)(
  'numpy finds the same, to the bit: %s',
  async (metric) => {
    const folder = temporaryFolder();
    const random = new Random(5);
    const rows = (count: number) =>
      Array.from({ length: count }, () => {
        const share = [0, 1, 4, 8][random.below(4)]!;
        return Array.from({ length: 104 }, () => (random.below(8) < share ? '1' : '0')).join('');
      });
    const [path, queries] = [join(folder, 'x.npy'), join(folder, 'x.queries.npy')];
    writePacked(path, rows(700));
    writePacked(queries, rows(30));
    const dataset = await openFresh(path, { metric });
    const vectors = await prepareVectors(dataset, { cacheFolder: temporaryFolder() });
    const asked = await dataset.queries('queries');
    const truth = await computeTruth(vectors, asked.vectors, { metric, k: 50, threads: 2 });
    const text = execFileSync(python!, ['-c', NUMPY, path, queries, metric], { maxBuffer: 2 ** 26 });
    const [order, far] = JSON.parse(text.toString()) as [number[][], number[][]];
    expect(Array.from(truth.rows)).toEqual(order.flat());
    expect(Array.from(truth.distances)).toEqual(far.flat());
    vectors.close();
    await dataset.close();
  },
);
