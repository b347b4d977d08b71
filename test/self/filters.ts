import { packageRoot } from '../../common/paths.js';
import type { FieldSchema, MetadataValue } from '../../datasets/dataset.js';
import { openDataset } from '../../datasets/open.js';
import { prepareVectors } from '../../datasets/prepare.js';
import { ColumnStore } from '../../filters/columns.js';
import { compile } from '../../filters/compile.js';
import type { Filter } from '../../filters/filter.js';
import { Random } from '../../harness/measures/random.js';
import { computeTruth } from '../../harness/truth/compute.js';
import { median, print } from './print.js';

const ROWS = 4_000_000;
const QUERIES = 2000;
const ROUNDS = 3;
/** A dataset of the full size (63,000 x 384) by path or name; default: the bundled part of it. */
const DATASET = process.env['VECPROOF_SELF_DATASET'] ?? 'debian-packages-20k';

/** The column scan by operator, and filtered truth against the truth of the same queries without filters. */
export async function measureFilters(folder: string): Promise<void> {
  measureScan();
  await measureTruth(folder);
}

const FIELDS = [
  { name: 'integer', type: 'integer', nullable: true },
  { name: 'big', type: 'integer', nullable: true },
  { name: 'text', type: 'string', nullable: true },
] as const satisfies FieldSchema[];

function measureScan(): void {
  const [integer, big, text] = FIELDS;
  const store = new ColumnStore(FIELDS);
  const columns: Record<string, MetadataValue[]> = { integer: [], big: [], text: [] };
  const random = new Random(1);
  for (let row = 0; row < ROWS; row++) {
    const draw = row % 10 === 0 ? null : random.below(1_000_000);
    columns['integer']!.push(draw);
    columns['big']!.push(draw === null ? null : BigInt(draw) + 2n ** 60n);
    columns['text']!.push(draw === null ? null : `text ${draw % 1000}`);
  }
  store.add(ROWS, columns);
  const filters: Filter[] = [
    { op: 'gt', field: integer, value: 500_000 },
    { op: 'eq', field: integer, value: 500_000 },
    { op: 'in', field: integer, values: [1, 2, 3, 4, 5] },
    { op: 'gt', field: big, value: 2n ** 60n + 500_000n },
    { op: 'like', field: text, value: 'text 1%' },
  ];
  for (const filter of filters) {
    const seconds = Array.from({ length: 7 }, () => timed(() => compile(filter, store)));
    const speed = `${(ROWS / median(seconds) / 1e6).toFixed(0)} million rows/s`;
    const name = 'field' in filter ? `$${filter.op} on ${filter.field.name}` : filter.op;
    const target = filter.op === 'gt' && filter.field === integer ? ['target: at least 20'] : [];
    print(`  filter scan, ${name}`, speed, ...target);
  }
}

/** Seconds of CPU time: a scan waits for nothing, and other programs on the machine must not count. */
function timed(work: () => unknown): number {
  const start = process.cpuUsage();
  work();
  return process.cpuUsage(start).user / 1e6;
}

/** 2,000 queries with a filter each, of all selectivities from none to all points. */
async function measureTruth(folder: string): Promise<void> {
  const dataset = await openDataset(DATASET, { baseFolder: packageRoot, cacheFolder: folder });
  const vectors = await prepareVectors(dataset, { cacheFolder: folder });
  const { dimensions, count, metric } = dataset.info;
  const field = { name: 'row', type: 'integer', nullable: false } as const;
  const store = new ColumnStore([field]);
  // A shuffled number for each point, so that a range of them is a share of the points anywhere in the data.
  const random = new Random(2);
  store.add(count, { row: Array.from({ length: count }, () => random.below(1_000_000)) });
  const set = dataset.info.querySets[0]!.name;
  const queries = (await dataset.queries(set)).vectors.slice(0, QUERIES * dimensions);
  const asked = queries.length / dimensions;
  const shares = Array.from({ length: asked }, (_, i) => [1, 0.1, 0.01, 0.001][i % 4]! * ((i + 1) / asked));
  const of = Int32Array.from({ length: asked }, (_, i) => i);

  for (const k of [10, 100]) {
    const [plain, filtered]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      plain.push((await computeTruth(vectors, queries, { metric, k })).seconds);
      const start = performance.now();
      const list = shares.map((share) => compile({ op: 'lt', field, value: share * 1_000_000 }, store));
      await computeTruth(vectors, queries, { metric, k, selections: { of, list } });
      filtered.push((performance.now() - start) / 1000);
    }
    print(`truth, ${asked} queries on ${count} x ${dimensions}, k=${k}`, `${median(plain).toFixed(2)} s`);
    print(`  with ${asked} different filters, their scans included`, `${median(filtered).toFixed(2)} s`);
    const ratio = (median(filtered) / median(plain)).toFixed(2);
    print('  filtered against unfiltered', `${ratio} x`, 'target: at most 2');
  }
  // The worst case: filters that let half of the points through, each another half.
  const list = shares.map((_, i) => compile({ op: 'gte', field, value: 500_000 - i }, store));
  const half = await computeTruth(vectors, queries, { metric, k: 10, selections: { of, list } });
  print('  each filter lets half of the points through, k=10', `${half.seconds.toFixed(2)} s`);
  vectors.close();
  await dataset.close();
}
