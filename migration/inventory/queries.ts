import { InputError, messageOf } from '../../common/errors.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import type { FieldSchema } from '../../datasets/dataset.js';
import { conditionsOf, type Filter } from '../../filters/filter.js';
import { parseFilter } from '../../filters/parse.js';

/** What an application asks, from a file of its queries. */
export interface ApplicationQueries {
  file: string;
  queries: number;
  filtered: number;
  k: readonly number[];
  thresholds: readonly number[];
  /** The most used filters: as written, how often, and parsed where it is a filter of this collection. */
  filters: readonly ApplicationFilter[];
}

export interface ApplicationFilter {
  written: unknown;
  queries: number;
  parsed: { state: 'ok'; filter: Filter } | { state: 'invalid'; problem: string };
}

/** Keys under which people write the score below or above which a hit is dropped. */
const THRESHOLDS = ['threshold', 'scoreThreshold', 'score_threshold', 'minScore', 'min_score', 'maxDistance'];
const MOST_FILTERS = 50;

/**
 * Reads JSON Lines with `filter` (docs/filters.md), `k` or `limit` and `threshold` (or a usual name of it); other keys
 * are not looked at. Empty lines and those that begin with # are left out.
 * @throws InputError naming file and line for what is not JSON
 */
export function readApplicationQueries(path: string, fields: readonly FieldSchema[]): ApplicationQueries {
  let text: string;
  try {
    text = readRegularText(path, MOST_RECORD);
  } catch (error) {
    throw new InputError(`cannot be read: ${messageOf(error)}`, { where: path, cause: error });
  }
  const used = new Map<string, { written: unknown; queries: number }>();
  const [k, thresholds]: number[][] = [[], []];
  let [queries, filtered] = [0, 0];
  for (const [at, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    const query = parseLine(line, `${path}:${at + 1}`);
    queries++;
    const asked = query['k'] ?? query['limit'];
    if (typeof asked === 'number') k!.push(asked);
    const limit = THRESHOLDS.map((name) => query[name]).find((value) => typeof value === 'number');
    if (limit !== undefined) thresholds!.push(limit as number);
    const { filter } = query;
    if (filter === undefined || filter === null) continue;
    filtered++;
    const key = JSON.stringify(filter);
    const known = used.get(key);
    if (known === undefined) used.set(key, { written: filter, queries: 1 });
    else known.queries++;
  }
  const filters = [...used.values()]
    .sort((a, b) => b.queries - a.queries)
    .slice(0, MOST_FILTERS)
    .map((each) => ({ ...each, parsed: parsed(each.written, fields) }));
  return { file: path, queries, filtered, k: k!, thresholds: thresholds!, filters };
}

function parseLine(line: string, where: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new InputError(`is not JSON: ${messageOf(error)}`, { where, cause: error });
  }
  throw new InputError('must be a JSON object', { where, got: line });
}

function parsed(written: unknown, fields: readonly FieldSchema[]): ApplicationFilter['parsed'] {
  const result = parseFilter(written, fields);
  if (result.state === 'ok') return result;
  const [fault] = result.faults;
  return { state: 'invalid', problem: [...(fault?.path ?? []), fault?.what].join(' ') };
}

/** Fields that the filters name, with their operators and how many queries use them. */
export function fieldsUsed(
  filters: readonly ApplicationFilter[],
): { name: string; operators: string[]; queries: number }[] {
  const used = new Map<string, { operators: Set<string>; queries: number }>();
  for (const { parsed: each, queries } of filters) {
    if (each.state === 'invalid') continue;
    const names = new Set<string>();
    for (const { op, field } of conditionsOf(each.filter)) {
      const known = used.get(field.name) ?? { operators: new Set<string>(), queries: 0 };
      known.operators.add(op);
      if (!names.has(field.name)) known.queries += queries;
      names.add(field.name);
      used.set(field.name, known);
    }
  }
  return [...used].map(([name, { operators, queries }]) => ({ name, operators: [...operators], queries }));
}
