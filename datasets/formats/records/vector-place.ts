import type { VectorForm } from '../vector-forms.js';

/** Where a record's vector is: one value, or one column for each dimension. */
export type VectorPlace =
  | { kind: 'value'; name: string; form: VectorForm; dimensions: number }
  | { kind: 'columns'; names: string[]; dimensions: number };
