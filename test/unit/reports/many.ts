import type { TrialRow } from '../../../harness/model/results.js';
import type { ReportInput } from '../../../reports/model.js';
import { fixture } from './fixture.js';

/** Contenders as the suites of servers have them, long names included. */
const CONTENDERS: readonly (readonly [engine: string, series: string, server?: true])[] = [
  ['pgvector', 'pgvector hnsw', true],
  ['pgvector', 'pgvector ivf', true],
  ['pgvector', 'pgvector hnsw-f16', true],
  ['pgvector', 'pgvector hnsw-binary', true],
  ['qdrant', 'qdrant hnsw', true],
  ['qdrant', 'qdrant hnsw-sq8', true],
  ['milvus', 'milvus hnsw', true],
  ['milvus', 'milvus ivf-pq', true],
  ['chroma', 'chroma hnsw', true],
  ['usearch', 'usearch hnsw'],
  ['hnswlib', 'hnswlib hnsw'],
  ['lancedb', 'lancedb hnsw-sq'],
  ['lancedb', 'lancedb ivf-pq'],
  ['sqlite-vec', 'sqlite-vec flat'],
  ['usearch', 'usearch hnsw-bf16'],
  ['usearch', 'usearch hnsw-sq8'],
  ['pgvector', 'production pgvector as it was tuned in spring', true],
  ['pgvector', 'production pgvector as it was tuned in autumn', true],
  ['elasticsearch', 'elasticsearch bbq_hnsw', true],
  ['weaviate', 'weaviate hnsw', true],
];

/** A run with so many contenders (at most twenty), whose figures lie close to each other; one of three is flagged. */
export function many(contenders: number): ReportInput {
  const input = fixture({ series: ['usearch hnsw'] });
  const rows = input.results.trials;
  input.results.trials = CONTENDERS.slice(0, contenders).flatMap(([engine, series, server], i) =>
    rows.map((row) => cloned(row, { engine, series, server }, i)),
  );
  const [build] = input.manifest.plan;
  input.manifest.plan = [...grouped(input.results.trials)].map(([id, trials]) => ({
    ...build!,
    id,
    engine: trials[0]!.engine,
    series: trials[0]!.series,
    trials: trials.map((row) => ({ ...build!.trials[0]!, id: row.id, search: row.search })),
  }));
  return input;
}

function cloned(
  row: TrialRow,
  { engine, series, server }: { engine: string; series: string; server: true | undefined },
  i: number,
): TrialRow {
  const name = series.replaceAll(' ', '-');
  const slower = 1.22 ** i;
  const scaled =
    (factor: number, cap = Number.POSITIVE_INFINITY) =>
    (value: number) =>
      Math.min(cap, value * factor);
  const by = (measure: string): ((value: number) => number) => {
    if (measure.startsWith('latency.')) return scaled(slower);
    if (measure === 'throughput') return scaled(1 / slower);
    if (/^recall/.test(measure)) return scaled(1 - 0.004 * (i % 5), 1);
    if (/seconds$|^memory|^index/.test(measure)) return scaled(1 + 0.13 * ((i * 7) % 10));
    return scaled(1);
  };
  return {
    ...row,
    id: row.id.replace('usearch-hnsw', name),
    build: row.build.replace('usearch-hnsw', name),
    engine,
    series,
    ...(server && { server: { mode: 'docker' } }),
    flags: i % 3 === 1 ? ['busy-machine', ...(i % 2 === 0 ? ['busy-build'] : [])] : [],
    measures: Object.fromEntries(
      Object.entries(row.measures).map(([measure, { value, low, high, n }]) => {
        const to = by(measure);
        const end = (at: number | null) => (at === null ? null : to(at));
        return [measure, { value: to(value), low: end(low), high: end(high), n }];
      }),
    ),
  };
}

function grouped(rows: readonly TrialRow[]): Map<string, TrialRow[]> {
  const found = new Map<string, TrialRow[]>();
  for (const row of rows) found.set(row.build, [...(found.get(row.build) ?? []), row]);
  return found;
}
