import { InputError } from '../../common/errors.js';
import { faultText } from '../../common/faults.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import type { FieldSchema } from '../../datasets/dataset.js';
import type { Filter } from '../../filters/filter.js';
import { Random } from '../../harness/measures/random.js';
import { checkQueries, type GroupFilter } from '../../harness/suite/filtered-queries.js';
import { parseQueryFile, placeLineFaults } from '../../harness/suite/query-file.js';

export interface WatchedQuery extends GroupFilter {
  id: string;
  vector: Float32Array;
  k: number;
  /** Value that its tenant filter asks for. */
  tenantName: string | undefined;
}

/**
 * The application's queries, checked against the source's fields.
 * @throws InputError with every fault and its line
 */
export function readQueries(
  file: { path: string; shown: string },
  source: { fields: readonly FieldSchema[]; dimensions: number; cosine: boolean },
  k: number,
): WatchedQuery[] {
  const { entries, faults } = parseQueryFile(readRegularText(file.path, MOST_RECORD));
  const maxK = entries.reduce((most, entry) => Math.max(most, entry.k ?? 0), k);
  const checked = checkQueries(entries, { ...source, ids: new Map(), set: 'queries', maxK });
  const all = [...faults, ...checked.faults];
  if (all.length > 0) {
    const words = placeLineFaults(file.shown, all).map(faultText);
    throw new InputError(words.join('\n'), { next: 'correct the lines, or take them out' });
  }
  const own = new Map(entries.map((entry) => [entry.id, entry.k]));
  return checked.queries.map(({ source: vector, judgements: _, line: __, ...query }) => ({
    ...query,
    vector: vector as Float32Array,
    k: own.get(query.id) ?? k,
    tenantName: query.tenant === null ? undefined : boundValue(query.tenant.filter),
  }));
}

function boundValue(filter: Filter): string {
  if (filter.op === 'and') return filter.filters.map(boundValue).join(' and ');
  if (filter.op === 'in') return filter.values.map(String).join(', ');
  return filter.op === 'eq' ? String(filter.value) : filter.op;
}

/**
 * Queries of a round: drawn independently and with replacement, so that what is observed of them are independent values of
 * one distribution, whatever the order of the file.
 */
export function drawQueries<T>(all: readonly T[], count: number, seed: number, round: number): T[] {
  const random = randomOf(seed, round, 1);
  return all.length === 0 ? [] : Array.from({ length: count }, () => all[random.below(all.length)]!);
}

/** Of one round and purpose: after a restart the same round would be drawn alike. */
export function randomOf(seed: number, round: number, purpose: number): Random {
  return new Random(
    Math.imul(seed ^ Math.imul(round + 1, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(purpose, 0xc2b2ae35),
  );
}
