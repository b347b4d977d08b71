import type { MetadataSupport } from '../contract/points.js';
import { COLUMN_TYPES } from './fields.js';

export const METADATA: MetadataSupport = {
  types: COLUMN_TYPES,
  absence: 'null',
  nested: 'flattened',
  emptyArrays: 'kept',
  undeclared: 'refused',
};
