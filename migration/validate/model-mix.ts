import type { Block, SampledRow } from './blocks.js';
import { dot, Largest, WordLikeness } from './neighbours.js';

/** Whether the vectors of a collection come from one model, judged by how they lie and by the records' words. */
export type ModelMix =
  | { state: 'not-checked'; reason: string }
  | { state: 'one'; conductance: number }
  | {
      state: 'several';
      /** Share of neighbour relations that cross between the two groups. */
      conductance: number;
      /** Share of the sample in the smaller group. */
      share: number;
      /** Share of pairs with the most common words that lie in different groups, and what independence would give; null: no words. */
      crossing: number | null;
      independent: number;
      /** Cosine of the two groups' mean vectors. */
      means: number;
      examples: readonly [readonly string[], readonly string[]];
    };

const ROWS = 2048;
const LEAST = 200;
const NEIGHBOURS = 10;
/** Share of a group below which it is not told from a few near-duplicates; more where there are no words to ask. */
const SMALLEST = 0.03;
const SMALLEST_WORDLESS = 0.15;
/** Vectors of two models are hardly ever neighbours of each other; those of two topics are now and then. */
const SEPARATE = 0.005;
/** Pairs alike in words cross between models about as often as chance has it, between topics hardly ever. */
const CROSSING = 0.3;
const MOST_PAIRS = 200;

/**
 * Two models put their vectors in two regions that have no neighbours in common, whatever the records say; two topics do so
 * because the records say different things. A graph of nearest neighbours is cut where the fewest relations are cut
 * (sweeps along the first eigenvectors); where hardly any is, the records' words decide.
 */
export function mixOfModels(blocks: readonly Block[]): ModelMix {
  const rows = spread(
    blocks.flatMap(({ rows: all }) => all.filter(({ vector }) => vector !== undefined)),
    ROWS,
  );
  if (rows.length < LEAST)
    return { state: 'not-checked', reason: `it takes at least ${LEAST} points with a vector` };
  const graph = neighbourGraph(rows);
  const worded = rows.filter(({ words }) => words.length > 0).length > rows.length / 2;
  const { inside, conductance } = sparsestCut(graph, worded ? SMALLEST : SMALLEST_WORDLESS);
  if (conductance > SEPARATE) return { state: 'one', conductance };
  const share = inside.filter(Boolean).length / rows.length;
  const independent = 2 * share * (1 - share);
  const crossing = worded ? crossingPairs(rows, inside) : null;
  if (crossing !== null && crossing < CROSSING * independent) return { state: 'one', conductance };
  if (crossing === null && Math.min(share, 1 - share) < SMALLEST_WORDLESS)
    return { state: 'one', conductance };
  const of = (wanted: boolean) => rows.filter((_, i) => inside[i] === wanted);
  const smaller = share <= 0.5;
  const groups = [of(smaller), of(!smaller)] as const;
  return {
    state: 'several',
    conductance,
    share: Math.min(share, 1 - share),
    crossing,
    independent,
    means: cosine(meanOf(groups[0]), meanOf(groups[1])),
    examples: [groups[0].slice(0, 5).map(({ id }) => id), groups[1].slice(0, 5).map(({ id }) => id)],
  };
}

function spread<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]!);
}

/** Nearest neighbours of each, made symmetric. */
function neighbourGraph(rows: readonly SampledRow[]): number[][] {
  const nearest = rows.map(() => new Largest(NEIGHBOURS));
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < i; j++) {
      const score = dot(rows[i]!.vector!, rows[j]!.vector!);
      nearest[i]!.add(j, score);
      nearest[j]!.add(i, score);
    }
  }
  const graph: number[][] = rows.map(() => []);
  for (const [i, { places }] of nearest.entries()) {
    for (const j of places) {
      graph[i]!.push(j);
      graph[j]!.push(i);
    }
  }
  return graph;
}

const STEPS = 300;
const STEPS_BETWEEN = 5;
/** Eigenvectors that are looked at: small groups of near-duplicates may come before what is sought. */
const VECTORS = 16;

/** The first eigenvectors of the lazy random walk behind the constant one, by subspace iteration, and the best cut along one. */
function sparsestCut(
  graph: readonly number[][],
  smallest: number,
): { inside: boolean[]; conductance: number } {
  const degrees = graph.map((edges) => edges.length);
  const volume = degrees.reduce((sum, each) => sum + each, 0);
  let vectors: Float64Array[] = Array.from({ length: VECTORS }, (_, v) =>
    Float64Array.from(degrees, (_unused, i) => Math.sin(i * (12.9898 + v) + 4.1414 * (v + 1))),
  );
  for (let step = 0; step < STEPS; step++) {
    if (step % STEPS_BETWEEN === 0) vectors = orthonormal(vectors, degrees, volume);
    vectors = vectors.map((values) =>
      values.map((each, i) => {
        let sum = 0;
        for (const j of graph[i]!) sum += values[j]!;
        return (each + sum / Math.max(1, degrees[i]!)) / 2;
      }),
    );
  }
  const cuts = orthonormal(vectors, degrees, volume).map((values) =>
    sweep(graph, degrees, volume, [...values], smallest),
  );
  return cuts.sort((a, b) => a.conductance - b.conductance)[0]!;
}

/** Gram-Schmidt in the inner product of the degrees, beginning with the constant vector. */
function orthonormal(
  vectors: readonly Float64Array[],
  degrees: readonly number[],
  volume: number,
): Float64Array[] {
  const inner = (a: Float64Array, b: Float64Array) => {
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]! * degrees[i]!;
    return sum;
  };
  const basis = [new Float64Array(degrees.length).fill(1 / Math.sqrt(volume))];
  for (const vector of vectors) {
    const rest = Float64Array.from(vector);
    for (const each of basis) {
      const along = inner(rest, each);
      for (let i = 0; i < rest.length; i++) rest[i]! -= along * each[i]!;
    }
    const norm = Math.sqrt(inner(rest, rest)) || 1;
    basis.push(rest.map((each) => each / norm));
  }
  return basis.slice(1);
}

function sweep(
  graph: readonly number[][],
  degrees: readonly number[],
  volume: number,
  values: readonly number[],
  smallest: number,
): { inside: boolean[]; conductance: number } {
  const order = values.map((value, i) => ({ value, i })).sort((a, b) => a.value - b.value);
  const inside = graph.map(() => false);
  let [cut, covered, best, bestAt] = [0, 0, 1, 0];
  for (const [at, { i }] of order.entries()) {
    inside[i] = true;
    covered += degrees[i]!;
    for (const j of graph[i]!) cut += inside[j] ? -1 : 1;
    const less = Math.min(covered, volume - covered);
    if (less < smallest * volume) continue;
    if (cut / less < best) [best, bestAt] = [cut / less, at];
  }
  const chosen = graph.map(() => false);
  for (const { i } of order.slice(0, bestAt + 1)) chosen[i] = true;
  return { inside: chosen, conductance: best };
}

/** Of each record and the one that has most words in common with it: the share of pairs in different groups; null: few have any. */
function crossingPairs(rows: readonly SampledRow[], inside: readonly boolean[]): number | null {
  const words = new WordLikeness(rows);
  const having = new Map<string, number[]>();
  for (const [i, row] of rows.entries())
    for (const word of row.words) having.set(word, [...(having.get(word) ?? []), i]);
  let [pairs, crossing] = [0, 0];
  for (const [i, row] of rows.entries()) {
    const scores = new Map<number, number>();
    for (const word of row.words) {
      const others = having.get(word)!;
      // Of frequent words some records are enough.
      const step = Math.max(1, Math.floor(others.length / MOST_PAIRS));
      for (let at = i % step; at < others.length; at += step) {
        const j = others[at]!;
        if (j !== i) scores.set(j, (scores.get(j) ?? 0) + words.weightOf(word));
      }
    }
    let best: [number, number] | undefined;
    for (const each of scores) if (best === undefined || each[1] > best[1]) best = each;
    if (best === undefined) continue;
    pairs++;
    if (inside[i] !== inside[best[0]]) crossing++;
  }
  return pairs < rows.length / 5 ? null : crossing / pairs;
}

function meanOf(rows: readonly SampledRow[]): Float32Array {
  const mean = new Float32Array(rows[0]?.vector?.length ?? 0);
  for (const { vector } of rows) for (let i = 0; i < mean.length; i++) mean[i]! += vector![i]! / rows.length;
  return mean;
}

function cosine(a: Float32Array, b: Float32Array): number {
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
