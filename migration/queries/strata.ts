import { bandOf } from '../../harness/measures/groups.js';
import type { DistinctQuery } from './distinct.js';
import { languageOf } from './language.js';

/** Ways of cutting a set of queries, each with what a query is in it. */
export const DIMENSIONS = [
  'frequency',
  'length',
  'language',
  'workflow',
  'group',
  'kind',
  'tenant size',
  'selectivity',
  'recency',
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** Not known of this query: the log, or the data, does not tell. */
export const UNKNOWN = 'not known';
/** Of selectivity. */
export const NO_FILTER = 'no filter';

/** What is needed of the whole log to place one query. */
export interface Whole {
  /** How often a query has to come to be among those that make up half of the traffic. */
  head: number;
  newest: number | undefined;
  /** Points of the collection; undefined: it was not read. */
  points: number | undefined;
}

export function wholeOf(queries: readonly DistinctQuery[], points: number | undefined): Whole {
  const counts = queries.map(({ count }) => count).sort((a, b) => b - a);
  const half = counts.reduce((sum, count) => sum + count, 0) / 2;
  let sum = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const count of counts) {
    if (sum >= half || count < 2) break;
    sum += count;
    least = count;
  }
  // Where hardly anything comes twice there is no such head.
  const head = sum >= half ? least : Number.POSITIVE_INFINITY;
  const times = queries.flatMap(({ time }) => (time === undefined ? [] : [time]));
  const newest = times.length === 0 ? undefined : times.reduce((a, b) => Math.max(a, b));
  return { head, newest, points };
}

const DAY = 86_400_000;

/** The stratum of a query in each dimension. Pure. */
export function strataOf(query: DistinctQuery, { head, newest, points }: Whole): Record<Dimension, string> {
  const { count, text, workflow, group, matches, tenantPoints, time } = query;
  return {
    frequency: count >= head ? 'head (half of the traffic)' : count > 1 ? 'repeated' : 'asked once',
    length: text === undefined ? UNKNOWN : lengthOf(text),
    language: text === undefined ? UNKNOWN : languageOf(text),
    workflow: workflow ?? UNKNOWN,
    group: group ?? UNKNOWN,
    kind: kindOf(query),
    'tenant size':
      tenantPoints === undefined || points === undefined ? UNKNOWN : sizeOf(tenantPoints / points),
    selectivity: selectivityOf(query, matches, points),
    recency: time === undefined || newest === undefined ? UNKNOWN : ageOf(newest - time),
  };
}

function lengthOf(text: string): string {
  const words =
    text.match(/\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|[\p{L}\p{N}]+/gu)?.length ?? 0;
  if (words <= 2) return '1-2 words';
  return words <= 8 ? '3-8 words' : 'more than 8 words';
}

/** What makes a query worth its own look: what it must not return, or that it should return nothing. */
export function kindOf({ hits, matches, tenant, group, filter }: DistinctQuery): string {
  if (matches === 0 || hits === 0) return 'negative';
  if (group === 'permission' || group === 'tenant' || tenant !== undefined) return 'permission';
  return filter === undefined ? 'unfiltered' : 'filtered';
}

function sizeOf(share: number): string {
  if (share <= 0.001) return 'at most 0.1% of the points';
  if (share <= 0.01) return 'at most 1%';
  return share <= 0.1 ? 'at most 10%' : 'more than 10%';
}

function selectivityOf(
  query: DistinctQuery,
  matches: number | undefined,
  points: number | undefined,
): string {
  if (query.filter === undefined) return NO_FILTER;
  return matches === undefined || points === undefined ? UNKNOWN : bandOf(matches, points);
}

function ageOf(age: number): string {
  if (age <= DAY) return 'last day';
  if (age <= 7 * DAY) return 'last week';
  return age <= 30 * DAY ? 'last 30 days' : 'older';
}
