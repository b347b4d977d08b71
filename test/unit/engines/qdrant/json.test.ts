import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { floatText, fromJson, type Json, needsExactJson, toJson } from '../../../../engines/qdrant/json.js';

/** serde_json 1.0.149 without `float_roundtrip`, from its text on: digits as u64, then one product or quotient. */
function serde(text: string): number {
  const found = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text)!;
  const [sign, whole, fraction = '', exponent = '0'] = found.slice(1) as [string, string, string?, string?];
  let value = Number(BigInt.asUintN(64, BigInt(whole + fraction)));
  let power = Number(exponent) - fraction.length;
  while (power < -308) {
    value /= 1e308;
    power += 308;
  }
  // Not `10 **`, which is off for large powers.
  value = power < 0 ? value / Number(`1e${-power}`) : value * Number(`1e${power}`);
  return sign === '-' ? -value : value;
}

const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0),
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map((each) => (isSafe(each) ? Number(each) : each)),
    fc.constantFrom('int64:x:12345678901234567', '"9007199254740993"', '\\"', true, false, null),
    fc.array(tie('value')),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
    ),
  ),
})).value;
const isSafe = (value: bigint) => Number.isSafeInteger(Number(value));

describe('JSON', () => {
  test('comes back as it went, with 64-bit integers and without confusing text with them', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(fromJson(toJson(value))).toEqual(value);
      }),
      { numRuns: 2000, seed: 3 },
    );
  });

  test('integers of the server keep all digits, floats stay floats', () => {
    expect(fromJson('[9223372036854775807,-9223372036854775808,9007199254740993,9007199254740991]')).toEqual([
      9223372036854775807n,
      -9223372036854775808n,
      9007199254740993n,
      9007199254740991,
    ]);
    const floats = [
      '0.12345678901234567',
      '1.2345678901234567e30',
      '12345678901234567.0',
      '1234567890123456789e2',
    ];
    expect(fromJson(`[${floats}]`)).toEqual(floats.map(Number));
  });

  test('a number beyond 2^53 is a float, and NaN is refused', () => {
    expect(toJson(2 ** 60)).toBe('1.152921504606847e+18');
    expect(() => toJson(Number.NaN)).toThrow('NaN cannot be written as JSON');
  });
});

describe('floats that the server would misread', () => {
  test('there are such, by its algorithm', () => {
    const misread = [0.30000000000000004, 1.1, 123456.789e-12, 7.038531e-26].filter(
      (each) => serde(String(each)) !== each,
    );
    expect(misread).toContain(7.038531e-26);
  });

  test('are written in a way that it and others read right, but for few', () => {
    let [seen, wrong, plainWrong] = [0, 0, 0];
    const floats = fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((value) => !Number.isInteger(value) || Math.abs(value) > 1e21);
    fc.assert(
      fc.property(floats, (value) => {
        const text = floatText(value);
        expect(Number(text)).toBe(value);
        seen++;
        if (serde(text) !== value) wrong++;
        const isMisread = serde(value.toExponential()) !== value;
        if (isMisread) plainWrong++;
        expect(needsExactJson([value])).toBe(isMisread && serde(text) === value);
      }),
      { numRuns: 5000, seed: 9 },
    );
    expect(needsExactJson([2 ** 60, 1])).toBe(true);
    expect(needsExactJson([2 ** 53 - 1, 'a', null])).toBe(false);
    expect(needsExactJson({ a: [2n ** 60n] })).toBe(true);
    expect(plainWrong / seen).toBeGreaterThan(0.05);
    expect(wrong / seen).toBeLessThan(0.01);
  });
});
