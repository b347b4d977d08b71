import type { MetadataSupport } from '../contract/points.js';

const ARRAYS = 'JSON text, and a flag for each element';

export const METADATA: MetadataSupport = {
  types: {
    string: 'native',
    integer: 'native within ±(2^53 - 1), beyond as two integers of 32 bits',
    float: 'two integers of 32 bits, beside a native copy for other readers',
    boolean: 'native',
    timestamp: 'integer: microseconds since 1970',
    'string[]': ARRAYS,
    'integer[]': ARRAYS,
    'float[]': ARRAYS,
    'boolean[]': ARRAYS,
  },
  absence: 'kept',
  nested: 'flattened',
  emptyArrays: 'kept',
  undeclared: 'kept',
};
