import { expect, test } from 'vitest';
import { skipWarnings } from '../../../harness/app/measure-run.js';

test('skipped trials are reported by reason, with their number', () => {
  const skips = new Map([
    ['a', 'no Docker'],
    ['b', 'no Docker'],
    ['c', 'no compiler'],
    ['measured before', 'no Docker'],
  ]);
  expect(skipWarnings(skips, new Set(['measured before']))).toEqual([
    '2 trials are skipped: no Docker',
    '1 trial is skipped: no compiler',
  ]);
});
