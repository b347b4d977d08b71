import { join } from 'node:path';
import type { QueryPart } from './assemble.js';
import { InvalidVectors } from './check.js';
import type { InvalidKind, LeftOut, Metric, PointBatch, PointsOptions, ProvidedTruth } from './dataset.js';
import { keepValue, keptValue, type OnChanged } from './kept.js';
import type { VectorSource } from './source.js';

/** Which vectors are left out, and whether they are invalid at all: zero is no fault but under cosine. */
function isSkipped(kind: InvalidKind, kinds: readonly InvalidKind[], metric: Metric): boolean {
  return kinds.includes(kind) && (kind !== 'zero' || metric === 'cosine');
}

interface Options {
  kinds: readonly InvalidKind[];
  metric: Metric;
  /** Of the points' files. */
  hash: string;
  cacheFolder: string;
  signal?: AbortSignal | undefined;
  onChanged?: OnChanged;
}

/** Points and queries without their invalid vectors. Points are read once for it; what was found is kept by hash. */
export async function skipInvalid(
  points: VectorSource,
  querySets: readonly QueryPart[],
  options: Options,
): Promise<{ points: VectorSource; querySets: QueryPart[]; leftOut: LeftOut[] }> {
  const { kinds, metric } = options;
  const rows = await invalidPoints(points, options);
  const skippedPoints = rows.filter(({ kind }) => isSkipped(kind, kinds, metric));
  const kept = withoutRows(points, rowsOf(skippedPoints));
  const skippedQueries: Skipped[] = [];
  const sets: QueryPart[] = [];
  for (const part of querySets) {
    const found = (await findInvalid(part.source, options.signal)).filter(({ kind }) =>
      isSkipped(kind, kinds, metric),
    );
    skippedQueries.push(...found);
    const { providedTruth } = part;
    sets.push({
      ...part,
      source: withoutRows(part.source, rowsOf(found)),
      ...(providedTruth && {
        providedTruth: async () =>
          renumbered(await providedTruth(), rowsOf(skippedPoints), rowsOf(found), part.source.count),
      }),
    });
  }
  const count = (list: readonly Skipped[], kind: InvalidKind) =>
    list.filter((each) => each.kind === kind).length;
  const leftOut = kinds.map((kind) => ({
    kind,
    points: count(skippedPoints, kind),
    queries: count(skippedQueries, kind),
  }));
  return { points: kept, querySets: sets, leftOut };
}

interface Skipped {
  row: number;
  kind: InvalidKind;
}

const rowsOf = (skipped: readonly Skipped[]): number[] => skipped.map(({ row }) => row);

async function invalidPoints(points: VectorSource, options: Options): Promise<Skipped[]> {
  const { hash, cacheFolder, signal } = options;
  const path = join(cacheFolder, 'invalid', `${hash}.json`);
  const known = await keptValue(path, options.onChanged);
  if (known !== undefined) return known as Skipped[];
  const found = await findInvalid(points, signal);
  await keepValue(path, found);
  return found;
}

async function findInvalid(source: VectorSource, signal: AbortSignal | undefined): Promise<Skipped[]> {
  const invalid = new InvalidVectors(source.dimensions, (row) => source.place(row));
  const found: Skipped[] = [];
  for await (const { vectors, count, start } of source.read({ batchSize: 4096, signal })) {
    found.push(...invalid.add(vectors, count, start));
  }
  return found;
}

/** A source without some rows. Ids stay what they were: a row number as id is that in the file. */
function withoutRows(source: VectorSource, skipped: readonly number[]): VectorSource {
  if (skipped.length === 0) return source;
  return {
    ...source,
    count: source.count - skipped.length,
    reading: [source.reading, { leftOut: skipped.length }],
    place: (row) => source.place(originalRow(row, skipped)),
    read: (options) => readWithout(source, new Set(skipped), options),
    close: () => source.close(),
  };
}

/** Row in the file of a row among those that are left: the largest n with row = n - (skipped rows up to n). */
function originalRow(row: number, skipped: readonly number[]): number {
  let [low, high] = [0, skipped.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (skipped[middle]! - middle <= row) low = middle + 1;
    else high = middle;
  }
  return row + low;
}

async function* readWithout(
  source: VectorSource,
  skipped: ReadonlySet<number>,
  options: PointsOptions,
): AsyncGenerator<PointBatch> {
  const { dimensions } = source;
  let next = 0;
  for await (const batch of source.read(options)) {
    const kept = Array.from({ length: batch.count }, (_, i) => i).filter(
      (i) => !skipped.has(batch.start + i),
    );
    if (kept.length === 0) continue;
    const vectors = new Float32Array(kept.length * dimensions);
    for (const [to, i] of kept.entries()) {
      vectors.set(batch.vectors.subarray(i * dimensions, (i + 1) * dimensions), to * dimensions);
    }
    const metadata =
      batch.metadata &&
      Object.fromEntries(
        Object.entries(batch.metadata).map(([name, values]) => [name, kept.map((i) => values[i]!)]),
      );
    const ids = kept.map((i) => batch.ids[i]!);
    yield { start: next, count: kept.length, ids, vectors, ...(metadata && { metadata }) };
    next += kept.length;
  }
}

/** A file's neighbours count all of its points: what was left out is no neighbour, and the others moved up. */
function renumbered(
  truth: ProvidedTruth | undefined,
  points: readonly number[],
  queries: readonly number[],
  count: number,
): ProvidedTruth | undefined {
  if (truth?.state !== 'usable') return truth;
  const { k } = truth;
  const left = new Set(points);
  const kept = Array.from({ length: count }, (_, i) => i).filter((i) => !queries.includes(i));
  const rows = new Int32Array(kept.length * k);
  const distances = truth.distances && new Float32Array(kept.length * k);
  for (const [to, query] of kept.entries()) {
    for (let j = 0; j < k; j++) {
      const row = truth.rows[query * k + j]!;
      rows[to * k + j] = row < 0 || left.has(row) ? -1 : row - countBelow(row, points);
    }
    distances?.set(truth.distances!.subarray(query * k, (query + 1) * k), to * k);
  }
  return { state: 'usable', k, rows, distances };
}

function countBelow(row: number, sorted: readonly number[]): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < row) low = middle + 1;
    else high = middle;
  }
  return low;
}
