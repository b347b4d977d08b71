import { packageRoot } from '../../common/paths.js';
import { openDataset } from '../../datasets/open.js';
import { prepareVectors } from '../../datasets/prepare.js';
import { computeTruth } from '../../harness/truth/compute.js';
import { median, print } from './print.js';

const QUERIES = 2000;
const K = 10;
const ROUNDS = 5;

/** Truth (proven, float64 order, in worker threads) against the raw speed of usearch's exact search on all cores. */
export async function measureTruth(folder: string): Promise<void> {
  const { exactSearch, MetricKind } = await import('usearch');
  const dataset = await openDataset('debian-packages-20k', { baseFolder: packageRoot, cacheFolder: folder });
  const vectors = await prepareVectors(dataset, { cacheFolder: folder });
  const { dimensions, count, metric } = dataset.info;
  const base = new Float32Array(count * dimensions);
  vectors.read(0, count, base);
  const queries = (await dataset.queries('new-packages')).vectors.slice(0, QUERIES * dimensions);
  const raw: number[] = [];
  const ours: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    raw.push(await seconds(() => exactSearch(base, queries, dimensions, K, MetricKind.Cos, 0)));
    ours.push(await seconds(() => computeTruth(vectors, queries, { metric, k: K })));
  }
  const ratio = median(raw) / median(ours);
  print(`truth, ${QUERIES} queries on ${count} x ${dimensions}, k=${K}`, `${median(ours).toFixed(2)} s`);
  print('  raw exactSearch, all cores', `${median(raw).toFixed(2)} s`);
  print('  speed against raw exactSearch', `${ratio.toFixed(2)} x`, 'target: at least 1');
  vectors.close();
  await dataset.close();
}

async function seconds(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
