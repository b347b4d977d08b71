/** Types of single values as they are met: those of fields, and what no field type holds. */
export type ValueType =
  | 'string'
  | 'integer'
  | 'float'
  | 'boolean'
  | 'timestamp'
  | 'string[]'
  | 'integer[]'
  | 'float[]'
  | 'boolean[]'
  /** An empty array fits every array type. */
  | 'empty[]'
  /** An array with nulls, objects, arrays, or several types. */
  | 'array'
  /** An integer beyond 64 bits with sign. */
  | 'large integer';
