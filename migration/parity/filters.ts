import type { FieldSchema } from '../../datasets/dataset.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import type { Description } from '../../engines/contract/points.js';
import type { Filter } from '../../filters/filter.js';
import { translateFilter } from '../mapping/filters.js';
import type { MappedField } from '../mapping/mapping.js';
import type { FilterOf } from './side.js';

/** Filters of the source, as the target has to be asked by the mapping. */
export function filtersOf(fields: readonly MappedField[], target: Capabilities): FilterOf {
  return (filter: Filter) => {
    const found = translateFilter(filter, fields, target);
    return found.state === 'untranslatable' ? { why: found.why } : { filter: found.filter };
  };
}

/** Without a mapping every field has the same name on both sides, and the type that the target says it has. */
export function sameFields(
  source: readonly FieldSchema[],
  { fields }: Pick<Description, 'fields'>,
  { metadata }: Capabilities,
): MappedField[] {
  return source.map(({ name, type }): MappedField => {
    const there = fields.find((field) => field.name === name);
    const plain = { from: name, as: 'is' as const, required: false, filterable: false };
    // An engine that declares its fields and does not declare this one has none of that name.
    if (there === undefined && metadata?.undeclared === 'refused') return { ...plain, to: null, type: null };
    return { ...plain, to: name, type: there?.type ?? type };
  });
}
