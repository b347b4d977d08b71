import type { MetadataSupport } from '../records.js';
import { COLUMN_TYPES } from './fields.js';

export const METADATA: MetadataSupport = {
  types: COLUMN_TYPES,
  absence: 'null',
  nested: 'flattened',
  emptyArrays: 'kept',
  undeclared: 'refused',
};
