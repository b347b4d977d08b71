import type { ConformanceFacts } from '../contract/facts.js';

const exact = { cosine: 1, dot: 1, l2: 1 };

/** What the conformance suite expects of it beyond its capabilities. */
export const facts: ConformanceFacts = {
  kinds: { 'flat none': { index: {}, search: {} } },
  tellsSize: true,
  nanQuery: 'arbitrary points',
  zeroQuery: 'points with score NaN',
  floor: { 'flat none': { ...exact, dot: Number.NaN } },
  wide: { index: {}, search: {} },
  sweeps: [],
  filterSettings: ['index.payloadIndex'],
  points: {
    default: {
      oddNames: 'kept',
      oddFields: 'kept',
      emptyId: 'kept',
      index: {},
      nulCharacter: 'refused',
      secondConnection: true,
      reconnects: true,
    },
  },
};
