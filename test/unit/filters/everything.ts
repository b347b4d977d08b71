import type { MetadataSupport } from '../../../engines/contract/points.js';
import { CONDITION_OPERATORS, type FilterOperator } from '../../../filters/filter.js';
import { ALL_TYPES, type FilterSupport } from '../../../filters/support.js';

/** An engine that keeps all metadata as it is. */
export const EVERYTHING_KEPT: MetadataSupport = {
  types: Object.fromEntries(ALL_TYPES.map((type) => [type, 'native'])),
  absence: 'null',
  nested: 'native',
  emptyArrays: 'kept',
  undeclared: 'kept',
};

/** Every operator with the types that `parseFilter` allows for it. */
export const ALL_OPERATORS: FilterSupport = { operators: allOperators(), refused: {} };

function allOperators(): FilterSupport['operators'] {
  const fits = (op: FilterOperator, type: string) => {
    if (op === 'exists') return true;
    if (op.startsWith('contains')) return type.endsWith('[]');
    if (op === 'startsWith' || op === 'like') return type === 'string';
    return !type.endsWith('[]') && !(type === 'boolean' && ['gt', 'gte', 'lt', 'lte'].includes(op));
  };
  const conditions = CONDITION_OPERATORS.map((op) => [op, ALL_TYPES.filter((type) => fits(op, type))]);
  return Object.fromEntries([...conditions, ['and', []], ['or', []], ['not', []]]);
}
