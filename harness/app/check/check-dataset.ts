import { type Dataset, isBitMetric, type QuerySet } from '../../../datasets/dataset.js';
import { HashTable64, hashOfText, hashOfVector } from '../../../datasets/hash-table.js';
import { openDataset } from '../../../datasets/open.js';
import { powerOf } from '../../gate/power.js';
import { DEFAULT_HNSW, hnswRecall } from '../../truth/hnsw-sample.js';
import { type Context, preparation } from '../context.js';
import { type DatasetOptions, openOptions } from '../dataset-options.js';
import { locate } from '../places.js';
import { FieldCounter } from './field-facts.js';
import { findingsOf } from './findings.js';
import { MetricProbe, type ProbeQueries, probeSize } from './probe.js';
import type { CheckReport, HardnessFacts, QueryFacts } from './types.js';
import { VectorCounter } from './vector-facts.js';

export interface CheckRequest {
  /** Catalog name or path. */
  dataset: string;
  options: DatasetOptions;
  /** Name of the model that the vectors are of. */
  model?: string | undefined;
}

/** Points among which repeated ids and vectors are looked for: 64 bytes for each. */
const MOST_COMPARED = 2_000_000;
/** The sample that an index is built of: components, points and queries. */
const SAMPLE = { components: 8e6, points: 20_000, queries: 200, k: 10 };

/**
 * Looks through a dataset: what its vectors, ids, fields and queries are like, whether the metric fits, and how hard it
 * is. Points are read twice at most, in batches; what is not of all of them is of a sample, whose size is told.
 * @throws InputError where the files cannot be read
 */
export async function checkDataset(
  { dataset: name, options, model }: CheckRequest,
  context: Context,
): Promise<CheckReport> {
  const dataset = await openDataset(locate(name, context.cwd), {
    baseFolder: context.cwd,
    cacheFolder: context.cache,
    signal: context.signal,
    queriesOptional: true,
    ...openOptions(options),
  });
  try {
    return await lookThrough(dataset, context, model);
  } finally {
    await dataset.close();
  }
}

async function lookThrough(
  dataset: Dataset,
  context: Context,
  model: string | undefined,
): Promise<CheckReport> {
  const { info } = dataset;
  const { count, dimensions, metric } = info;
  const sets: QuerySet[] = [];
  for (const { name } of info.querySets) sets.push(await dataset.queries(name, { unchecked: true }));
  const sample = new PointSample(count, dimensions);
  const questions = await probeQueries(dataset, sets[0]);
  const probe = questions && new MetricProbe(questions, info);
  const compared = Math.min(count, MOST_COMPARED);
  const vectors = new VectorCounter(count, dimensions, compared);
  const ids = new HashTable64(compared);
  const fields = new FieldCounter(info.fields);
  const progress = preparation(context, `looking through ${info.name}`, 'points');
  const batchSize = Math.min(8192, Math.max(16, Math.floor((1 << 20) / dimensions)));
  const rowIds = info.columns === undefined || info.columns.id === 'row number';
  let repeatedIds = 0;
  const metadata = info.fields.map((field) => field.name);
  for await (const batch of dataset.points({
    batchSize,
    metadata,
    unchecked: true,
    signal: context.signal,
  })) {
    vectors.add(batch.vectors, batch.count);
    if (batch.metadata !== undefined) fields.add(batch.metadata);
    if (!rowIds)
      for (const [i, id] of batch.ids.entries())
        if (batch.start + i < compared && ids.add(hashOfText(id))) repeatedIds++;
    probe?.add(batch.vectors, batch.count, batch.start);
    sample.add(batch.vectors, batch.count, batch.start);
    progress(batch.start + batch.count, count);
  }
  const points = vectors.facts();
  const facts = {
    info,
    points,
    compared,
    repeatedIds,
    fields: fields.facts(),
    queries: info.querySets.map(({ judged }, i) =>
      queryFacts(sets[i]!, judged, vectors.hashes, rowIds ? undefined : ids),
    ),
    metric: probe?.facts(metric) ?? null,
    hardness: await hardness(sample, sets[0], dataset, context),
  };
  return { ...facts, findings: findingsOf(facts, model) };
}

/** Evenly spaced queries; where there are none, points take their place. */
async function probeQueries(dataset: Dataset, set: QuerySet | undefined): Promise<ProbeQueries | undefined> {
  const { count, dimensions } = dataset.info;
  const wanted = probeSize(count, dimensions);
  if (set !== undefined) {
    const sources = evenly(set.count, wanted);
    const vectors = rowsOf(set.vectors, sources, dimensions);
    return {
      count: sources.length,
      vectors,
      sources,
      ofPoints: false,
      provided: await dataset.providedTruth(set.name),
    };
  }
  const sources = evenly(count, Math.min(wanted, count - 1));
  if (sources.length === 0) return undefined;
  const vectors = new Float32Array(sources.length * dimensions);
  let at = 0;
  for await (const batch of dataset.points({ batchSize: 4096, unchecked: true })) {
    for (; at < sources.length && sources[at]! < batch.start + batch.count; at++) {
      const from = (sources[at]! - batch.start) * dimensions;
      vectors.set(batch.vectors.subarray(from, from + dimensions), at * dimensions);
    }
  }
  return { count: sources.length, vectors, sources, ofPoints: true, provided: undefined };
}

function evenly(count: number, wanted: number): number[] {
  const some = Math.min(count, wanted);
  return Array.from({ length: some }, (_, i) => Math.floor((i * count) / some));
}

function rowsOf(vectors: Float32Array, rows: readonly number[], dimensions: number): Float32Array {
  const some = new Float32Array(rows.length * dimensions);
  for (const [i, row] of rows.entries())
    some.set(vectors.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
  return some;
}

/** Evenly spaced points, without invalid ones. */
class PointSample {
  readonly #dimensions: number;
  readonly #rows: readonly number[];
  readonly #vectors: Float32Array;
  readonly kept: number[] = [];
  #next = 0;

  constructor(count: number, dimensions: number) {
    this.#dimensions = dimensions;
    this.#rows = evenly(
      count,
      Math.min(SAMPLE.points, Math.max(100, Math.floor(SAMPLE.components / dimensions))),
    );
    this.#vectors = new Float32Array(this.#rows.length * dimensions);
  }

  add(vectors: Float32Array, count: number, start: number): void {
    for (; this.#next < this.#rows.length && this.#rows[this.#next]! < start + count; this.#next++) {
      const row = this.#rows[this.#next]!;
      const vector = vectors.subarray((row - start) * this.#dimensions, (row - start + 1) * this.#dimensions);
      if (!vector.every(Number.isFinite) || vector.every((value) => value === 0)) continue;
      this.#vectors.set(vector, this.kept.length * this.#dimensions);
      this.kept.push(row);
    }
  }

  get vectors(): Float32Array {
    return this.#vectors.subarray(0, this.kept.length * this.#dimensions);
  }
}

function queryFacts(
  set: QuerySet,
  judged: boolean,
  points: HashTable64,
  ids: HashTable64 | undefined,
): QueryFacts {
  const { count, dimensions, vectors } = set;
  const counter = new VectorCounter(count, dimensions, count);
  counter.add(vectors, count);
  const bits = new Uint32Array(vectors.buffer, vectors.byteOffset, vectors.length);
  let vectorsOfPoints = 0;
  for (let i = 0; i < count; i++)
    if (points.has(hashOfVector(bits, i * dimensions, dimensions))) vectorsOfPoints++;
  const idsOfPoints = ids === undefined ? null : set.ids.filter((id) => ids.has(hashOfText(id))).length;
  return { name: set.name, judged, vectors: counter.facts(), idsOfPoints, vectorsOfPoints };
}

/** Too few points give no picture of an index. */
const FEWEST_POINTS = 100;

async function hardness(
  sample: PointSample,
  set: QuerySet | undefined,
  { info }: Dataset,
  { signal }: Context,
): Promise<HardnessFacts> {
  const { dimensions, metric } = info;
  if (isBitMetric(metric))
    return { state: 'unmeasured', reason: 'the index that it is measured with has no bits' };
  const points = sample.vectors;
  const count = sample.kept.length;
  if (count < FEWEST_POINTS) return { state: 'unmeasured', reason: `${count} points are too few` };
  const own = set === undefined ? evenly(count, SAMPLE.queries) : [];
  const chosen = set === undefined ? own : evenly(set.count, SAMPLE.queries);
  const queries = rowsOf(set?.vectors ?? points, chosen, dimensions);
  const found = await hnswRecall({
    metric,
    dimensions,
    points,
    queries,
    own: Int32Array.from(chosen, (row) => (set === undefined ? row : -1)),
    k: SAMPLE.k,
    signal,
  });
  if (found.state === 'unmeasured') return found;
  const { recall } = found;
  const mean = recall.reduce((a, b) => a + b, 0) / recall.length;
  // Where all have the same recall, nothing is known of how it scatters.
  const enough = new Set(recall).size > 1;
  const { needed } = enough
    ? powerOf([recall], [], { drop: 0.01, power: 0.9, alpha: 0.05 })
    : { needed: null };
  return {
    state: 'measured',
    points: count,
    queries: chosen.length,
    k: SAMPLE.k,
    recall: [{ ef: DEFAULT_HNSW.ef, mean }],
    queriesNeeded: needed,
  };
}
