import type { ScalarColumn, ValueColumn, VectorValues } from '../../engines/contract/columns.js';
import type { ValueType } from './value-type.js';

type TypedColumn = Exclude<ValueColumn, { type: null }>;
interface Typed {
  type: ValueType;
  /** An integer that a double cannot hold. */
  isLong: boolean;
}

/** The type of a value that a row of a column has, as one by one they would be found. */
export function typeReader(column: TypedColumn): (row: number) => Typed {
  if (!('elements' in column)) return scalarReader(column);
  const { elements, offsets } = column;
  const at = scalarReader(elements);
  return (row) => {
    const [from, to] = [offsets[row]!, offsets[row + 1]!];
    if (from === to) return EMPTY;
    let found = at(from);
    // Integers among numbers with fractions are numbers with fractions.
    for (let i = from + 1; i < to && found.type === 'integer'; i++) found = at(i);
    return LISTS[found.type as keyof typeof LISTS];
  };
}

const typed = (type: ValueType): Typed => ({ type, isLong: false });
const EMPTY = typed('empty[]');
const LISTS = {
  string: typed('string[]'),
  integer: typed('integer[]'),
  float: typed('float[]'),
  boolean: typed('boolean[]'),
};
const INTEGER = typed('integer');
const LONG: Typed = { type: 'integer', isLong: true };
const FLOAT = typed('float');
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function scalarReader(column: ScalarColumn): (row: number) => Typed {
  switch (column.type) {
    case 'integer': {
      const { values } = column;
      return (row) => (values[row]! <= SAFE && values[row]! >= -SAFE ? INTEGER : LONG);
    }
    case 'float': {
      const { values } = column;
      return (row) => (Number.isSafeInteger(values[row]) && !Object.is(values[row], -0) ? INTEGER : FLOAT);
    }
    default: {
      const one = typed(column.type);
      return () => one;
    }
  }
}

export function hasTexts(column: ValueColumn): boolean {
  return column.type === 'string' || column.type === 'string[]';
}

/** Rows without a vector, and the first of them. */
export function absentIn(column: VectorValues | undefined, count: number): { times: number; first: number } {
  if (column === undefined) return { times: count, first: 0 };
  if (column.type === 'dense' && column.present === undefined) return { times: 0, first: 0 };
  let times = 0;
  let first = 0;
  for (let row = 0; row < count; row++) {
    const isThere = column.type === null ? column.values[row] !== undefined : column.present![row] !== 0;
    if (!isThere && times++ === 0) first = row;
  }
  return { times, first };
}
