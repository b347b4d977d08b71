import type { NativeFilter, PreparedSearch } from '../../engines/contract/search.js';
import { distance, dot, ROUNDOFF, roundingMargin, tieLimit } from '../measures/distance.js';
import type { Probe } from '../store/evidence.js';
import type { BuildContext } from './context.js';
import type { Job } from './job.js';

/** By query its filter in the engine's own form; undefined: it has none. */
export type Filters = readonly (NativeFilter | undefined)[];

/** Searches for rows by their own vectors; undefined where the time ran out. */
export async function lookFor(
  context: BuildContext,
  search: PreparedSearch,
  wanted: readonly number[],
  end: number,
): Promise<Probe['rows'] | undefined> {
  const found: Probe['rows'] = [];
  for (const row of wanted) {
    context.signal.throwIfAborted();
    if (performance.now() > end) return undefined;
    const { place, score, self, excluded } = await lookOnce(context, search, row, undefined);
    if (place >= 0)
      found.push({ row, found: true, score: Number.isNaN(score) ? null : score, distance: self });
    else if (excluded) found.push({ row, found: false, score: null, distance: self });
  }
  return found;
}

/** By query the rows that are there, but not under its filter, which they pass; as far as the time goes. */
export async function lookUnder(
  context: BuildContext,
  search: PreparedSearch,
  { gone, there, filters }: { gone: Map<number, number[]>; there: Set<number>; filters: Filters },
  end: number,
): Promise<NonNullable<Probe['excluded']>> {
  const known = new Map<string, boolean>();
  const excluded: NonNullable<Probe['excluded']> = [];
  for (const [query, rows] of gone) {
    const filter = filters[query];
    if (filter === undefined) continue;
    const kept: number[] = [];
    for (const row of rows.filter((each) => there.has(each))) {
      context.signal.throwIfAborted();
      const key = `${context.job.filtering!.filterOf[query]} ${row}`;
      let out = known.get(key);
      if (out === undefined) {
        if (performance.now() > end) return excluded;
        const { place, excluded: proven } = await lookOnce(context, search, row, filter);
        out = place < 0 && proven;
        known.set(key, out);
      }
      if (out) kept.push(row);
    }
    if (kept.length > 0) excluded.push({ query, rows: kept });
  }
  return excluded;
}

/** One search by a row's own vector. `excluded`: that it is not in the answer proves that it cannot be. */
async function lookOnce(
  { job, vectors }: BuildContext,
  search: PreparedSearch,
  row: number,
  filter: NativeFilter | undefined,
) {
  const [vector, other] = [new Float32Array(job.dimensions), new Float32Array(job.dimensions)];
  vectors.read(row, 1, vector);
  const { keys, scores } = await search.query(vector, filter);
  const to = (at: number): number => {
    vectors.read(at, 1, other);
    return distance(job.metric, vector, 0, other, 0, job.dimensions);
  };
  const norm = (of: Float32Array): number => Math.sqrt(dot(of, 0, of, 0, job.dimensions));
  const self = to(row);
  // By more than the engine's own arithmetic, which is float32 as a rule, can be off by.
  const isFarther = (at: number): boolean => {
    const far = to(at);
    const norms = norm(vector) * Math.max(norm(vector), norm(other));
    return far > tieLimit(self, roundingMargin(job.metric, job.dimensions, norms, ROUNDOFF.float32));
  };
  const list = Array.from(keys, Number);
  const place = list.indexOf(row);
  const score = Number(scores[place] ?? Number.NaN);
  return { place, score, self, excluded: place < 0 && excludes(list, isFarther, job) };
}

/**
 * Whether an answer without the row proves that it cannot be found: something farther away was returned instead, or
 * there was room left. Codes instead of vectors prove nothing, since others may have the same code.
 */
function excludes(
  keys: readonly number[],
  isFarther: (row: number) => boolean,
  { build, ks, count }: Job,
): boolean {
  if ((build.index['quantization'] ?? 'none') !== 'none') return false;
  if (keys.length < Math.min(ks.at(-1)!, count)) return true;
  return keys.some((key) => key >= 0 && key < count && isFarther(key));
}
