import { ACCURACY } from './accuracy.js';
import { COST } from './cost.js';
import { FILTERS } from './filters.js';
import { LOAD } from './load.js';
import type { MeasureDefinition } from './measure.js';
import { PARITY } from './parity.js';
import { RELEVANCE } from './relevance.js';
import { ANSWERS, SPEED } from './speed.js';
import { WRITES } from './writes.js';

/** Every measure there is, in the order of reports. */
export const MEASURES: readonly MeasureDefinition[] = [
  ...ACCURACY,
  ...RELEVANCE,
  ...PARITY,
  ...SPEED,
  ...ANSWERS,
  ...LOAD,
  ...WRITES,
  ...FILTERS,
  ...COST,
];

const byName = new Map(MEASURES.map((measure) => [measure.name, measure]));

/** The definition of a measure's name, `recall@10` found as `recall@k`; undefined for a name without one. */
export function definitionOf(name: string): MeasureDefinition | undefined {
  if (!name.includes('@')) return byName.get(name);
  const depth = depthOf(name);
  const pattern = depth === undefined ? undefined : byName.get(`${name.slice(0, name.indexOf('@'))}@k`);
  if (pattern === undefined) return undefined;
  const title = pattern.title.replace('@k', `@${depth}`);
  return { ...pattern, name, title, head: [pattern.head[0].replace('@k', `@${depth}`), pattern.head[1]] };
}

/** The depth in `recall@10`; undefined for a measure without one. */
export function depthOf(name: string): number | undefined {
  const [, depth] = /@([1-9]\d*)$/.exec(name) ?? [];
  return depth === undefined ? undefined : Number(depth);
}

/** All names, with the depths that a suite measures. */
export function measureNames(ks: readonly number[]): string[] {
  return MEASURES.flatMap(({ name }) =>
    name.endsWith('@k') ? ks.map((k) => name.replace('@k', `@${k}`)) : [name],
  );
}
