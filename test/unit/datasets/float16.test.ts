import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFloat16, encodeFloat16 } from '../../../datasets/float16.js';

function decode(bits: number, littleEndian = true): number {
  const bytes = littleEndian ? [bits & 255, bits >> 8] : [bits >> 8, bits & 255];
  const into = new Float32Array(1);
  decodeFloat16(Uint8Array.from(bytes), 1, into, 0, littleEndian);
  return into[0]!;
}

describe('float16', () => {
  it('decodes the values of the standard', () => {
    // IEEE 754-2019 binary16: bits and value.
    const values: [number, number][] = [
      [0x0000, 0],
      [0x8000, -0],
      [0x3c00, 1],
      [0xc000, -2],
      [0x3555, 0.333251953125],
      [0x0001, 2 ** -24],
      [0x03ff, 1023 * 2 ** -24],
      [0x0400, 2 ** -14],
      [0x7bff, 65504],
      [0x7c00, Number.POSITIVE_INFINITY],
      [0xfc00, Number.NEGATIVE_INFINITY],
      [0x7e00, Number.NaN],
    ];
    for (const [bits, value] of values) expect(decode(bits)).toBe(value);
  });

  it('comes back with the same bits for every finite half, in both byte orders', () => {
    for (let bits = 0; bits < 65536; bits++) {
      if ((bits & 0x7c00) === 0x7c00) continue;
      if (encodeFloat16(decode(bits)) !== bits || encodeFloat16(decode(bits, false)) !== bits) {
        expect.fail(`bits ${bits.toString(16)} do not come back`);
      }
    }
  });

  it('rounds to the nearest half: no other half is nearer', () => {
    const numbers = fc.double({ min: -65504, max: 65504, noNaN: true });
    fc.assert(
      fc.property(numbers, (value) => {
        const bits = encodeFloat16(value);
        const error = Math.abs(decode(bits) - value);
        for (const other of [bits - 1, bits + 1]) {
          const neighbour = decode(other & 0xffff);
          if (Number.isFinite(neighbour)) expect(Math.abs(neighbour - value)).toBeGreaterThanOrEqual(error);
        }
      }),
    );
  });

  it('writes at the place that was asked for and nowhere else', () => {
    const into = new Float32Array(4).fill(7);
    decodeFloat16(Uint8Array.from([0, 0x3c, 0, 0x40]), 2, into, 1);
    expect([...into]).toEqual([7, 1, 2, 7]);
  });
});
