import { InputError } from '../../../common/errors.js';
import { pickName, VECTOR_NAMES } from '../names.js';
import type { JsonObject } from './reader.js';
import type { VectorPlace } from './vector-place.js';

/** Prefixes that are used for the columns of a vector, beside the known names. */
const PREFIXES = ['', 'dim', 'd', 'v', 'e', 'f', 'x', 'feature', 'component', 'c', 'col'];

/**
 * Columns that hold one dimension each: the same prefix and the numbers from 0 or 1 on without a gap (`emb_0` … `emb_383`).
 *
 * @param prefix the user's choice
 * @throws InputError where several prefixes could be meant, or the chosen one has a gap
 */
export function dimensionColumns(
  where: string,
  record: JsonObject,
  prefix: string | undefined,
): VectorPlace | undefined {
  const groups = groupsOf(record);
  if (prefix !== undefined) {
    const chosen = groups.get(prefix);
    if (chosen !== undefined) return chosen;
    throw new InputError(`has no columns "${prefix}0", "${prefix}1", … without a gap`, {
      where,
      got: Object.keys(record).slice(0, 20),
      next: 'give one numeric column for each dimension, numbered from 0 or 1',
    });
  }
  const known = [...groups].filter(([name]) => {
    const bare = name.replace(/[_\-. ]+$/, '').toLowerCase();
    return PREFIXES.includes(bare) || pickName([bare], VECTOR_NAMES) !== undefined;
  });
  if (known.length === 1) return known[0]![1];
  if (known.length === 0) return undefined;
  throw new InputError('has several groups of numbered columns that could be the vector', {
    where,
    got: known.map(([name, place]) => `${name}* (${place.dimensions})`),
    next: `choose one: --vector "${known[0]![0]}*" (dataset.vector in a suite)`,
  });
}

function groupsOf(record: JsonObject): Map<string, VectorPlace> {
  const numbered = new Map<string, Map<number, string>>();
  for (const [name, value] of Object.entries(record)) {
    const match = /^(.*?)(\d+)$/.exec(name);
    if (match === null || (typeof value !== 'number' && typeof value !== 'bigint')) continue;
    const group = numbered.get(match[1]!) ?? new Map<number, string>();
    numbered.set(match[1]!, group.set(Number(match[2]), name));
  }
  const groups = new Map<string, VectorPlace>();
  for (const [prefix, columns] of numbered) {
    const first = columns.has(0) ? 0 : 1;
    const names = Array.from({ length: columns.size }, (_, i) => columns.get(first + i));
    if (columns.size < 2 || names.includes(undefined)) continue;
    groups.set(prefix, { kind: 'columns', names: names as string[], dimensions: columns.size });
  }
  return groups;
}
