import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMeasure,
  formatMiB,
  formatNumber,
  formatPercent,
  formatShare,
  formatTime,
  listed,
  plural,
  unitLabel,
} from '../../../reports/format.js';

const T = '\u202f';

describe('numbers', () => {
  it.each([
    [0, '0'],
    [5337.4, `5${T}340`],
    [1234567, `1${T}230${T}000`],
    [999.6, `1${T}000`],
    [43.06, '43.1'],
    [2.4, '2.40'],
    [0.03304, '0.0330'],
    [0.00012, '0.000120'],
    [0.0000064, '6.40×10⁻⁶'],
    [-0.5, '\u22120.500'],
    [2.5e15, '2.50×10¹⁵'],
    [Number.NaN, 'NaN'],
  ])('%d has three significant digits: %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it('keeps every digit of a count', () => {
    expect(formatCount(20_001)).toBe(`20${T}001`);
    expect(plural(1, 'query', 'queries')).toBe('1 query');
    expect(plural(1000, 'query', 'queries')).toBe(`1${T}000 queries`);
  });

  it('rounds to the same three digits that it prints', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-4, max: 1e11, noNaN: true }), (value) => {
        const read = Number(formatNumber(value).replaceAll(T, ''));
        expect(Math.abs(read - value)).toBeLessThanOrEqual(value * 0.0050001);
      }),
    );
  });
});

describe('shares', () => {
  it.each([
    [0, '0.000'],
    [0.5, '0.500'],
    [0.95, '0.950'],
    [0.9868, '0.987'],
    [0.9951, '0.9951'],
    [0.9997, '0.99970'],
    [0.9999, '0.99990'],
    [0.99, '0.990'],
    [0.99996, '0.999960'],
    [1, '1.000'],
  ])('%d is %s', (value, text) => {
    expect(formatShare(value)).toBe(text);
  });

  it('says 1 only of 1', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (value) => {
        expect(Number(formatShare(value))).toBeLessThan(1);
        expect(Number(formatShare(value, 'down'))).toBeLessThan(1);
      }),
    );
  });

  it('never lets the lower end of an interval look as if it reached a target that it misses', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(0.9, 0.95, 0.99), (n, target) => {
        const value = n / 1e6;
        expect(Number(formatShare(value, 'down')) >= target).toBe(value >= target);
      }),
    );
  });

  it('rounds the ends of an interval outwards', () => {
    expect(formatShare(0.94961, 'down')).toBe('0.949');
    expect(formatShare(0.8001, 'up')).toBe('0.801');
    expect(formatShare(0.95, 'down')).toBe('0.950');
    expect(formatShare(0.1 + 0.2, 'up')).toBe('0.300');
  });

  it('prints percentages', () => {
    expect(formatPercent(0.037)).toBe('3.70%');
    expect(formatPercent(0.00000064)).toBe('6.40×10⁻⁵%');
    expect(formatPercent(0.9994)).toBe('99.9%');
    expect(formatPercent(0.99998)).toBe('99.9980%');
    expect(formatPercent(0.999999)).toBe('99.99990%');
    expect(formatPercent(1)).toBe('100%');
  });
});

describe('units', () => {
  it('bytes', () => {
    expect(formatMiB(32.4 * 2 ** 20)).toBe('32.4');
    expect(formatBytes(512)).toBe('512 B');
    expect(formatBytes(8 * 2 ** 30)).toBe('8.00 GiB');
  });

  it.each([
    [0.42, '0.420 s'],
    [59.9, '59.9 s'],
    [60, '1 min'],
    [192, '3 min 12 s'],
    [3599.7, '1 h'],
    [7500, '2 h 5 min'],
  ])('%d s is %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it('times and lists', () => {
    expect(formatTime('2026-11-22T22:04:12.123Z')).toBe('2026-11-22 22:04:12 UTC');
    expect(formatTime('yesterday')).toBe('yesterday');
    expect(listed([])).toBe('');
    expect(listed(['a'])).toBe('a');
    expect(listed(['a', 'b', 'c'])).toBe('a, b and c');
    expect(listed(['a', 'b'], 'or')).toBe('a or b');
  });
});

describe('measures', () => {
  it('print figures in the unit that the head of the column names', () => {
    expect([formatMeasure(2 ** 20, 'bytes'), unitLabel('bytes')]).toEqual(['1.00', 'MiB']);
    expect([formatMeasure(0.9999, 'share'), unitLabel('share')]).toEqual(['0.99990', '']);
    expect([formatMeasure(3, 'count'), unitLabel('count')]).toEqual(['3', '']);
    expect([formatMeasure(0.25, 'ms'), unitLabel('ms')]).toEqual(['0.250', 'ms']);
  });
});
