import { expect, it } from 'vitest';
import { faultText, placeFault } from '../../../common/faults.js';
import { suggest } from '../../../common/nearest.js';

it.each([
  ['a near name', 'sectoin', ['text', 'section'], undefined, 'is no field. Did you mean "section"?'],
  ['in any case', 'SECTION', ['text', 'section'], undefined, 'is no field. Did you mean "section"?'],
  ['none near', 'price', ['text', 'section'], undefined, 'is no field. Known: text, section.'],
  ['none near, something else to say', 'price', ['text'], 'See the list', 'is no field. See the list'],
  ['none near, nothing to say', 'price', ['text'], '', 'is no field'],
  ['nothing known', 'price', [], undefined, 'is no field'],
  ['no text', 7, ['text'], undefined, 'is no field. Known: text.'],
])('a suggestion: %s', (_, got, known, otherwise, message) => {
  expect(suggest('is no field', got, known, otherwise)).toBe(message);
});

it.each([
  [
    { path: ['engines', 0, 'index', 'm'], what: 'must be 2 or more', got: '16k' },
    's.yaml:1:2 engines[0].index.m must be 2 or more (got "16k")',
  ],
  [{ path: [], what: 'must be a map' }, 's.yaml:1:2 must be a map'],
  [
    { path: ['memory'], what: 'has no effect', got: '4GiB', next: 'remove it' },
    's.yaml:1:2 memory has no effect (got "4GiB")\n  next: remove it',
  ],
  [
    { path: Array.from({ length: 40 }, (_, i) => `k${i}`), what: 'is nested too deep' },
    's.yaml:1:2 k0.k1.k2.k3.k4.k5.k6.k7 … .k32.k33.k34.k35.k36.k37.k38.k39 is nested too deep',
  ],
])('a fault is told with its place, %#', (fault, text) => {
  expect(faultText(placeFault('s.yaml:1:2', fault))).toBe(text);
});
