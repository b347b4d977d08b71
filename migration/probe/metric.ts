import { messageOf } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Hits, PreparedSearch } from '../../engines/contract/search.js';
import type { SparseVector, VectorField, VectorMetric, VectorValue } from '../../engines/contract/vectors.js';
import { isMulti, isSparse, vectorIn } from '../../engines/kit/vectors.js';
import type { Live } from './place.js';
import { floatsOf } from './vector-profile.js';

/** What a score is of the two vectors. `1-cos`, `1-dot`, `-dot`, `squared`, `root`, … as capabilities name them. */
export type MeasuredForm = keyof typeof FORMS;
export type MeasuredMetric = VectorMetric | 'l1';

/** By which metric a collection really answers, told by its scores for known vectors. */
export type MetricFinding =
  /** Every score is that form of that metric, within float32; `hits` were compared. */
  | { state: 'measured'; metric: MeasuredMetric; form: string; hits: number }
  /** Scores are near that form in its order (a quantized index), and no other metric's order fits. */
  | { state: 'approximate'; metric: MeasuredMetric; form: string; hits: number; error: number }
  /** Several metrics give these scores, or none does. */
  | { state: 'not-established'; reason: string; hits: number }
  | { state: 'not-asked'; reason: string };

/** Scores of two vectors of numbers, in float64. */
const FORMS = {
  cos: { metric: 'cosine', of: (t: Terms) => t.dot / Math.sqrt(t.aa * t.bb) },
  '1-cos': { metric: 'cosine', of: (t: Terms) => 1 - t.dot / Math.sqrt(t.aa * t.bb) },
  dot: { metric: 'dot', of: (t: Terms) => t.dot },
  '-dot': { metric: 'dot', of: (t: Terms) => -t.dot },
  '1-dot': { metric: 'dot', of: (t: Terms) => 1 - t.dot },
  squared: { metric: 'l2', of: (t: Terms) => t.squared },
  root: { metric: 'l2', of: (t: Terms) => Math.sqrt(t.squared) },
  l1: { metric: 'l1', of: (t: Terms) => t.l1 },
} as const satisfies Record<string, { metric: MeasuredMetric; of(terms: Terms): number }>;

const BIT_FORMS = {
  bits: { metric: 'hamming', of: (t: BitTerms) => t.different },
  '1-jaccard': { metric: 'jaccard', of: (t: BitTerms) => (t.union === 0 ? 0 : 1 - t.both / t.union) },
} as const satisfies Record<string, { metric: MeasuredMetric; of(terms: BitTerms): number }>;

interface Terms {
  dot: number;
  aa: number;
  bb: number;
  squared: number;
  l1: number;
}

interface BitTerms {
  different: number;
  both: number;
  union: number;
}

const HITS = 10;
/** Relative to the larger of 1 and the score: float32 over some thousand dimensions. */
const TOLERANCE = 2e-4;
/** Share of hits that have to fit: an engine's last digits may be worse than expected for a few. */
const FITTING = 0.98;
/** Rank correlation with the scores from which on an order is that of a metric. */
const ORDERED = 0.9;

/**
 * Searches for known vectors, twice as long as they are stored, so that cosine, inner product and distance differ also
 * where all vectors have length 1, and compares each score with what it would be by every metric.
 * @param known vectors of points that are there
 */
export async function measureMetric(
  live: Live,
  field: VectorField,
  known: readonly VectorValue[],
): Promise<MetricFinding> {
  if (field.kind === 'multi')
    return { state: 'not-asked', reason: 'of several rows a score has no simple form' };
  if (known.length === 0) return { state: 'not-asked', reason: 'no point has this vector' };
  const compared: Compared[] = [];
  try {
    const search = await openSearch(live, field.name, HITS);
    try {
      for (const [number, each] of known.entries()) {
        const query = queryOf(field, each);
        if (query === undefined) continue;
        compared.push(...(await compare(live, field, search, query, number)));
      }
    } finally {
      await search.close();
    }
  } catch (error) {
    return { state: 'not-asked', reason: messageOf(error) };
  }
  return judge(compared);
}

/** The collection's own settings: nothing is changed in it, and a graph is searched as it is. */
export async function openSearch(
  { definition, collection, description }: Live,
  vector: string,
  k: number,
): Promise<PreparedSearch<VectorValue>> {
  const name = description.spec.vectors.length > 1 ? vector : undefined;
  const settings = settingsOf(definition, description.index);
  const search = await collection
    .prepare(settings, k, name)
    // Settings that are not the index's own may be refused; without any it is searched as it is.
    .catch((error: unknown) =>
      collection.prepare({}, k, name).catch(() => {
        throw error;
      }),
    );
  return search as unknown as PreparedSearch<VectorValue>;
}

/** Settings of a search by what the engine says of its index; its defaults for what it does not say. */
function settingsOf(definition: Live['definition'], described: ParameterSet): ParameterSet {
  const known = Object.keys(
    (definition.optionSchemas().index['properties'] as Record<string, unknown> | undefined) ?? {},
  );
  const own = Object.fromEntries(Object.entries(described).filter(([key]) => known.includes(key)));
  for (const index of [own, { type: own['type'] }, {}]) {
    const parsed = definition.parseOptions({ index, search: {} });
    if (parsed.state === 'ok') return parsed.search;
  }
  return {};
}

/** An id as points have it. */
export function idOfKey({ idOf }: PreparedSearch<VectorValue>, key: Hits['keys'][number]): PointId {
  return idOf?.(key) ?? (typeof key === 'number' ? BigInt(key) : key);
}

/** A known vector as a query; undefined: it has no direction. */
export function queryOf(field: VectorField, value: VectorValue, scale = 2): VectorValue | undefined {
  if (isMulti(value)) return undefined;
  if (isSparse(value)) return { indices: value.indices, values: value.values.map((each) => each * scale) };
  if (field.type === 'bit' || field.type === 'int8') return value;
  const numbers = Float32Array.from(floatsOf(field, value), (each) => each * scale);
  return numbers.every((each) => each === 0) || !numbers.every(Number.isFinite) ? undefined : numbers;
}

/** One hit: its score, and what it would be by each form. */
interface Compared {
  query: number;
  score: number;
  forms: Readonly<Record<string, number>>;
}

async function compare(
  { collection }: Live,
  field: VectorField,
  search: PreparedSearch<VectorValue>,
  query: VectorValue,
  number: number,
): Promise<Compared[]> {
  const { keys, scores } = await search.query(query);
  const ids = Array.from(keys, (key) => idOfKey(search, key));
  const found = await collection.points.get(ids);
  return ids.flatMap((id, rank): Compared[] => {
    const point = found.find((each) => each.id === id);
    const value = point && vectorIn(point.vectors, field.name);
    const score = scores[rank]!;
    if (value === undefined || isMulti(value) || !Number.isFinite(score)) return [];
    const forms = formsOf(field, query, value);
    return forms === undefined ? [] : [{ query: number, score, forms }];
  });
}

function formsOf(
  field: VectorField,
  query: VectorValue,
  value: VectorValue,
): Record<string, number> | undefined {
  if (field.type === 'bit') {
    const terms = bitTerms(query as Uint8Array, value as Uint8Array);
    return Object.fromEntries(Object.entries(BIT_FORMS).map(([name, { of }]) => [name, of(terms)]));
  }
  const terms =
    isSparse(query) && isSparse(value)
      ? sparseTerms(query, value)
      : denseTerms(query as Float32Array, floatsOf(field, value));
  if (terms.aa === 0 || terms.bb === 0) return undefined;
  return Object.fromEntries(Object.entries(FORMS).map(([name, { of }]) => [name, of(terms)]));
}

function denseTerms(a: ArrayLike<number>, b: ArrayLike<number>): Terms {
  const terms = { dot: 0, aa: 0, bb: 0, squared: 0, l1: 0 };
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i] ?? 0];
    terms.dot += x * y;
    terms.aa += x * x;
    terms.bb += y * y;
    terms.squared += (x - y) * (x - y);
    terms.l1 += Math.abs(x - y);
  }
  return terms;
}

function sparseTerms(a: SparseVector, b: SparseVector): Terms {
  const all = [...new Set([...a.indices, ...b.indices])];
  const dense = ({ indices, values }: SparseVector) => {
    const at = new Map(Array.from(indices, (index, i) => [index, values[i]!]));
    return all.map((index) => at.get(index) ?? 0);
  };
  return denseTerms(dense(a), dense(b));
}

function bitTerms(a: Uint8Array, b: Uint8Array): BitTerms {
  const terms = { different: 0, both: 0, union: 0 };
  const ones = (byte: number) => byte.toString(2).replaceAll('0', '').length;
  for (let i = 0; i < a.length; i++) {
    terms.different += ones(a[i]! ^ b[i]!);
    terms.both += ones(a[i]! & b[i]!);
    terms.union += ones(a[i]! | b[i]!);
  }
  return terms;
}

function metricOf(form: string): MeasuredMetric {
  return { ...FORMS, ...BIT_FORMS }[form as keyof typeof FORMS].metric;
}

/** Pure. */
function judge(compared: readonly Compared[]): MetricFinding {
  const hits = compared.length;
  if (hits === 0) return { state: 'not-established', reason: 'the searches found nothing', hits };
  const names = Object.keys(compared[0]!.forms);
  const errorOf = ({ score, forms }: Compared, name: string) =>
    Math.abs(score - forms[name]!) / Math.max(1, Math.abs(forms[name]!));
  const exact = names.filter(
    (name) => compared.filter((each) => errorOf(each, name) <= TOLERANCE).length >= FITTING * hits,
  );
  if (exact.length === 1) return { state: 'measured', metric: metricOf(exact[0]!), form: exact[0]!, hits };
  if (exact.length > 1) {
    const metrics = new Set(exact.map(metricOf));
    if (metrics.size === 1) return { state: 'measured', metric: [...metrics][0]!, form: exact[0]!, hits };
    return { state: 'not-established', reason: `the scores fit ${exact.join(' and ')}`, hits };
  }
  const ranked = names
    .map((name) => ({
      name,
      order: meanOrder(compared, name),
      error: median(compared.map((each) => errorOf(each, name))),
    }))
    .filter(({ order }) => order >= ORDERED)
    .sort((a, b) => a.error - b.error);
  const [best] = ranked;
  const others = ranked.filter(({ name }) => metricOf(name) !== metricOf(best!.name));
  if (best !== undefined && best.error <= 0.05 && others.every(({ error }) => error > 4 * best.error))
    return { state: 'approximate', metric: metricOf(best.name), form: best.name, hits, error: best.error };
  return { state: 'not-established', reason: 'the scores fit no known metric', hits };
}

/** Mean rank correlation of scores and a form, query by query; a form that falls where scores rise does not fit. */
function meanOrder(compared: readonly Compared[], name: string): number {
  const queries = [...new Set(compared.map(({ query }) => query))];
  const all = queries
    .map((query) => compared.filter((each) => each.query === query))
    .filter((each) => each.length >= 3);
  if (all.length === 0) return 0;
  const each = all.map((group) =>
    correlation(ranks(group.map(({ score }) => score)), ranks(group.map(({ forms }) => forms[name]!))),
  );
  return each.reduce((sum, value) => sum + value, 0) / each.length;
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((value, i) => ({ value, i })).sort((a, b) => a.value - b.value);
  const rank = new Array<number>(values.length);
  order.forEach(({ i }, at) => {
    rank[i] = at;
  });
  return rank;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (a.length - 1) / 2;
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((x, i) => {
    ab += (x - mean) * (b[i]! - mean);
    aa += (x - mean) ** 2;
    bb += (b[i]! - mean) ** 2;
  });
  return ab / Math.sqrt(aa * bb);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}
