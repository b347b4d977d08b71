import { NO_FILTERS } from '../../filters/support.js';
import type { Capabilities } from '../contract/capabilities.js';
import { ANY_NAME, FILE_NAME } from '../kit/names.js';

export const CAPABILITIES: Capabilities = {
  metrics: ['cosine', 'dot', 'l2'],
  indexTypes: { none: ['none'] },
  filters: NO_FILTERS,
  metadata: null,
  points: null,
  fieldNames: ANY_NAME,
  collectionNames: FILE_NAME,
  idKinds: ['u32'],
  maxDimensions: null,
  visibility: 'immediate',
  scores: {},
  deterministicBuild: 'always',
  execution: 'blocking',
  preparedSearches: 'several',
  remarks: [
    'No search engine: it stores nothing and answers every query at once with the first k rows, so that its figures are what the harness itself costs.',
    'Its scores are NaN, as it compares nothing; its recall is that of a fixed answer.',
  ],
};
