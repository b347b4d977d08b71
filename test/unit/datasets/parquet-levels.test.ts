import fc from 'fast-check';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { describe, expect, test } from 'vitest';
import { decodeHybrid, isOneRun, levelWidth } from '../../../datasets/formats/parquet/levels.js';

/** Runs as a writer may choose them: `[value]` repeated, or eight values bit-packed at a time. */
function encode(runs: readonly { values: number[]; packed: boolean }[], width: number): Uint8Array {
  const out: number[] = [];
  const varint = (value: number) => {
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) out.push((rest & 0x7f) | 0x80);
    out.push(rest);
  };
  for (const { values, packed } of runs) {
    if (packed) {
      varint(((values.length / 8) << 1) | 1);
      let bits = 0n;
      for (const [i, value] of values.entries()) bits |= BigInt(value) << BigInt(i * width);
      for (let i = 0; i < (values.length * width) / 8; i++) out.push(Number((bits >> BigInt(8 * i)) & 0xffn));
    } else {
      varint(values.length << 1);
      for (let i = 0; i < (width + 7) >> 3; i++) out.push(Math.floor(values[0]! / 2 ** (8 * i)) % 256);
    }
  }
  return Uint8Array.from(out);
}

const runsOf = (width: number) => {
  const value = fc.integer({ min: 0, max: 2 ** width - 1 });
  const repeated = fc
    .tuple(value, fc.integer({ min: 1, max: 300 }))
    .map(([each, length]) => ({ values: Array<number>(length).fill(each), packed: false }));
  const packed = fc
    .array(fc.array(value, { minLength: 8, maxLength: 8 }), { minLength: 1, maxLength: 5 })
    .map((groups) => ({ values: groups.flat(), packed: true }));
  return fc.array(fc.oneof(repeated, packed), { minLength: 1, maxLength: 6 });
};

describe('runs and bit-packed groups', () => {
  test.each([1, 2, 3, 7, 8, 9, 15, 17, 20])(
    'of %i bits come out as they went in, and as hyparquet reads them',
    (width) => {
      fc.assert(
        fc.property(runsOf(width), (runs) => {
          const all = runs.flatMap(({ values }) => values);
          const bytes = encode(runs, width);
          const into = new Uint32Array(all.length);
          decodeHybrid(bytes, width, into);
          expect([...into]).toEqual(all);
          const theirs = new Array<number>(all.length);
          readRleBitPackedHybrid(
            { view: new DataView(bytes.buffer), offset: 0 },
            width,
            theirs,
            bytes.length,
          );
          expect([...into]).toEqual(theirs);
        }),
        { numRuns: 60 },
      );
    },
  );

  test('that end too early, or never begin, are refused', () => {
    for (const bytes of [[], [0x80], [3], [3, 1], [0], [16]])
      expect(() => decodeHybrid(Uint8Array.from(bytes), 9, new Uint8Array(100))).toThrow(RangeError);
  });

  test('one run is told from others', () => {
    const run = (values: number[], packed = false) => encode([{ values, packed }], 2);
    expect(isOneRun(run(Array(300).fill(3)), 2, 3, 300)).toBe(true);
    expect(isOneRun(run(Array(300).fill(2)), 2, 3, 300)).toBe(false);
    expect(isOneRun(run(Array(299).fill(3)), 2, 3, 300)).toBe(false);
    expect(isOneRun(run(Array(304).fill(3), true), 2, 3, 300)).toBe(false);
    expect(isOneRun(new Uint8Array(0), 2, 3, 300)).toBe(false);
  });

  test('bits of levels', () => {
    expect([0, 1, 2, 3, 4, 7, 8].map(levelWidth)).toEqual([0, 1, 2, 2, 3, 3, 4]);
  });
});
