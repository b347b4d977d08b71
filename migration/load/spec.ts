import { InputError } from '../../common/errors.js';
import type { CollectionSpec } from '../../engines/contract/spec.js';
import type { VectorField } from '../../engines/contract/vectors.js';
import type { Mapping } from '../mapping/mapping.js';

/** Two that become one would overwrite each other. */
function requireDistinct(part: string, mapped: readonly { from: string; to: string | null }[]): void {
  const taken = new Map<string, string>();
  for (const { from, to } of mapped) {
    if (to === null) continue;
    const other = taken.get(to);
    if (other !== undefined)
      throw new InputError(
        `${part}: ${JSON.stringify(other)} and ${JSON.stringify(from)} both become ${JSON.stringify(to)}`,
        {
          where: 'mapping',
          next: 'give one of them another name in "to"',
        },
      );
    taken.set(to, from);
  }
}

/** The collection that a mapping asks for. */
export function specOf(mapping: Mapping, collection: string, source: readonly VectorField[]): CollectionSpec {
  const { target, fields, details, ids, source: of, text, uri, tenant } = mapping;
  const vectors = mapping.vectors.flatMap(({ from, to, type, metric }): VectorField[] => {
    const field = source.find(({ name }) => name === from);
    if (field === undefined || to === null) return [];
    return [{ ...field, name: to, type, metric }];
  });
  if (vectors.length === 0) {
    throw new InputError('the mapping keeps no vector', {
      next: 'give at least one of "vectors" a name in "to"; the target may hold none of their kinds',
    });
  }
  requireDistinct('vectors', mapping.vectors);
  requireDistinct('fields', [
    ...fields,
    ...details,
    ...(ids.keep === null ? [] : [{ from: 'the id', to: ids.keep }]),
  ]);
  return {
    name: collection,
    vectors,
    ids: target.ids,
    fields: [
      ...fields.flatMap(({ to, type, filterable }) =>
        to === null || type === null
          ? []
          : [{ name: to, type, nullable: true, ...(filterable && { filterable }) }],
      ),
      ...details.flatMap(({ to, type }) => (to === null ? [] : [{ name: to, type, nullable: true }])),
      ...(ids.keep === null ? [] : [{ name: ids.keep, type: 'string' as const, nullable: true }]),
    ],
    text,
    uri,
    tenant,
    capacity: of.points,
    index: target.index,
  };
}
