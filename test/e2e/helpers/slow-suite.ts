import { npy, randomVectors } from './data.js';
import { Workspace } from './workspace.js';

export const QUERIES = 1000;
export const REPEAT = 2;

const points = npy(randomVectors(4000, 48));
const queries = npy(randomVectors(QUERIES, 48, 2));

/**
 * A workspace with a suite of two builds with three trials each, whose phases last long enough (some tenths of a
 * second) to be hit by a signal.
 *
 * @param extra further keys of the suite
 */
export function slowSuite(extra = ''): Workspace {
  const work = new Workspace();
  work.write('points.npy', points);
  work.write('points.queries.npy', queries);
  work.write(
    'suite.yaml',
    `version: 1
name: slow
dataset: { path: ./points.npy, metric: l2 }
k: 10
repeat: ${REPEAT}
remeasure: { busy: 0 }
warmup: 3
${extra}
engines:
  - use: usearch
    index: { type: hnsw, m: [4, 8], efConstruction: 128 }
    search: { ef: [300, 400, 500] }
`,
  );
  return work;
}
