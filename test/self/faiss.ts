import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Metric, PreparedVectors } from '../../datasets/dataset.js';
import { openPreparedVectors } from '../../datasets/prepare.js';
import { Selection } from '../../filters/selection.js';
import { Random } from '../../harness/measures/random.js';
import { type ComputedTruth, computeTruth } from '../../harness/truth/compute.js';
import type { QuerySelections } from '../../harness/truth/selections.js';
import { clustered } from './clustered.js';
import { median, print } from './print.js';

const ROUNDS = 3;
const K = 100;
const PACKAGES = ['faiss-cpu==1.15.1', 'numpy==2.4.6'];

interface Case {
  metric: Metric;
  rows: number;
  dimensions: number;
  queries: number;
}

const CASES: readonly Case[] = [
  { metric: 'cosine', rows: 63_436, dimensions: 384, queries: 5000 },
  { metric: 'l2', rows: 1_000_000, dimensions: 128, queries: 1000 },
  { metric: 'l2', rows: 1_000_000, dimensions: 128, queries: 10_000 },
];

/** Reads rows and queries, and answers each line on stdin with the wall and processor seconds of one search. */
const SCRIPT = `
import sys, time, numpy as np, faiss
metric, rows, dims, queries, k, threads = sys.argv[1], *map(int, sys.argv[2:7])
faiss.omp_set_num_threads(threads)
x = np.fromfile(sys.argv[7], dtype='f4', count=rows * dims).reshape(rows, dims)
q = np.fromfile(sys.argv[8], dtype='f4', count=queries * dims).reshape(queries, dims)
if metric == 'cosine':
    faiss.normalize_L2(x); faiss.normalize_L2(q)
index = faiss.IndexFlatL2(dims) if metric == 'l2' else faiss.IndexFlatIP(dims)
index.add(x)
wall, cpu = time.perf_counter(), time.process_time()
index.search(q, k)
print(time.perf_counter() - wall, time.process_time() - cpu)
`;

/** What its OpenBLAS is told of the processor; left alone it may take kernels that are several times slower. */
const CORE_TYPES: readonly (string | undefined)[] = readFileSync('/proc/cpuinfo', 'utf8').includes('avx512f')
  ? [undefined, 'Haswell', 'SkylakeX']
  : [undefined];

/** Truth against FAISS' flat index with the same threads, in turn; FAISS comes from PyPI into the folder of the measurement. */
export async function measureAgainstFaiss(folder: string): Promise<void> {
  const venv = join(folder, 'faiss');
  execFileSync('python3', ['-m', 'venv', venv]);
  execFileSync(join(venv, 'bin/pip'), ['install', '--quiet', ...PACKAGES], { stdio: 'inherit' });
  writeFileSync(join(folder, 'search.py'), SCRIPT);
  for (const each of CASES) await measureCase(each, folder, join(venv, 'bin/python'));
}

async function measureCase(given: Case, folder: string, python: string): Promise<void> {
  const { metric, rows, dimensions, queries } = given;
  const all = clustered(rows + queries, dimensions);
  // The rows of a truth are read from a file of this name.
  writeFileSync(join(folder, 'vectors.f32'), new Uint8Array(all.buffer, 0, rows * dimensions * 4));
  const asked = all.slice(rows * dimensions);
  writeFileSync(join(folder, 'queries.f32'), new Uint8Array(asked.buffer));
  const vectors = openPreparedVectors(folder, rows, dimensions);
  const [ours, ourCpu, share] = [[], [], []] as number[][];
  const theirs = CORE_TYPES.map((core) => ({ core, wall: [] as number[], cpu: [] as number[] }));
  let kernel = '';
  for (let round = 0; round < ROUNDS; round++) {
    for (const each of theirs) {
      const [wall, cpu] = searchInFaiss(given, folder, python, each.core);
      each.wall.push(wall!);
      each.cpu.push(cpu!);
    }
    const own = await timed(() => computeTruth(vectors, asked, { metric, k: K }));
    kernel = own.truth.kernel;
    ours!.push(kernelSeconds(own.truth, given));
    ourCpu!.push(own.cpu);
    share!.push((own.truth.checked?.seconds ?? 0) / own.wall);
  }
  print(
    `truth, ${queries} queries on ${rows} x ${dimensions}, ${metric}`,
    `${median(ours!).toFixed(2)} s`,
    kernel,
  );
  for (const { core, wall, cpu: cpuOf } of theirs) {
    print(`  FAISS, flat index, ${core ?? 'as installed'}`, `${median(wall).toFixed(2)} s`);
    print('  kernel against it, wall', `${(median(ours!) / median(wall)).toFixed(2)} x`);
    print('  whole truth against it, processor', `${(median(ourCpu!) / median(cpuOf)).toFixed(2)} x`);
  }
  print("  the reference's sample, of the whole", `${(100 * median(share!)).toFixed(1)} %`);
  if (metric === 'cosine') await measureFiltered(given, vectors, asked);
  vectors.close();
}

/** As many filters as there are to be, each of half the rows. */
async function measureFiltered(given: Case, vectors: PreparedVectors, asked: Float32Array): Promise<void> {
  const [count, filters] = [2000, 2000];
  const some = asked.subarray(0, count * given.dimensions);
  const random = new Random(5);
  const list = Array.from({ length: filters }, () => {
    const selection = new Selection(given.rows);
    for (let row = 0; row < given.rows; row++) if (random.below(2) === 0) selection.add(row);
    return selection;
  });
  const selections: QuerySelections = { of: Int32Array.from({ length: count }, (_, i) => i % filters), list };
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { metric } = given;
    const plain = await computeTruth(vectors, some, { metric, k: K });
    const filtered = await computeTruth(vectors, some, { metric, k: K, selections });
    ratios.push(plain.gflops! / filtered.gflops!);
  }
  print(
    `  ${filters} filters of half the rows against none`,
    `${median(ratios).toFixed(2)} x`,
    'target: at most 1.5',
  );
}

function kernelSeconds({ gflops }: ComputedTruth, { rows, dimensions, queries }: Case): number {
  return (2 * rows * dimensions * queries) / (gflops! * 1e9);
}

async function timed(work: () => Promise<ComputedTruth>) {
  const before = process.cpuUsage();
  const began = performance.now();
  const truth = await work();
  const { user, system } = process.cpuUsage(before);
  return { truth, wall: (performance.now() - began) / 1000, cpu: (user + system) / 1e6 };
}

function searchInFaiss(
  { metric, rows, dimensions, queries }: Case,
  folder: string,
  python: string,
  core: string | undefined,
): number[] {
  const sizes = [rows, dimensions, queries, K, availableParallelism()].map(String);
  const files = ['vectors.f32', 'queries.f32'].map((name) => join(folder, name));
  // Unset: with these variables OpenBLAS takes other kernels or tiles, or threads of its own.
  const { OPENBLAS_NUM_THREADS: _, OPENBLAS_CORETYPE: __, OPENBLAS_L2_SIZE: ___, ...rest } = process.env;
  const env = core === undefined ? rest : { ...rest, OPENBLAS_CORETYPE: core };
  const out = execFileSync(python, [join(folder, 'search.py'), metric, ...sizes, ...files], { env });
  return out.toString().trim().split(' ').map(Number);
}
