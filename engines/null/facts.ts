import type { ConformanceFacts } from '../contract/facts.js';

/** What the conformance suite expects of it beyond its capabilities. */
export const facts: ConformanceFacts = {
  kinds: {},
  tellsSize: false,
  nanQuery: 'arbitrary points',
  zeroQuery: 'fixed points',
  floor: {},
  wide: { index: {}, search: {} },
  sweeps: [],
};
