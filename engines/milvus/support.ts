import type { MetadataSupport } from '../contract/points.js';
import type { RecordLimits } from '../kit/check.js';
import { MAX_ELEMENTS, MAX_TEXT } from './fields.js';

const ARRAY = `Array of up to ${MAX_ELEMENTS}`;

export const METADATA: MetadataSupport = {
  types: {
    string: `VarChar of up to ${MAX_TEXT} bytes`,
    integer: 'Int64',
    float: 'Double',
    boolean: 'Bool',
    timestamp: 'Int64: microseconds since 1970',
    'string[]': `${ARRAY} VarChar`,
    'integer[]': `${ARRAY} Int64`,
    'float[]': `${ARRAY} Double`,
    'boolean[]': `${ARRAY} Bool`,
  },
  absence: 'kept',
  nested: 'flattened',
  emptyArrays: 'kept',
  undeclared: 'refused',
};

export const LIMITS: RecordLimits = {
  engine: 'milvus',
  metadata: METADATA,
  idKinds: ['u32', 'u64', 'string', 'uuid'],
  integerIds: 'signed',
};
