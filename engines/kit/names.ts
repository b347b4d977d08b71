import type { NameRules } from '../contract/points.js';

/** For names that the engine never sees. */
export const ANY_NAME: NameRules = { empty: 'kept' };

/** For names that become those of files. */
export const FILE_NAME: NameRules = {
  maxBytes: 100,
  pattern: { source: '[\\w-][\\w.-]*', words: 'letters, digits, underscores, hyphens and periods' },
  empty: 'refused',
};
