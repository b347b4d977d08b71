import { expect, test } from 'vitest';
import { brainsToFloats, floatsToBrains, floatsToHalves, halvesToFloats } from '../../../engines/kit/half.js';

const all = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
const finite = (exponent: number) => all.filter((bits) => (bits & exponent) !== exponent);

test('each half and each bfloat16 is a float32 and comes back bit for bit', () => {
  const halves = finite(0x7c00);
  expect(floatsToHalves(halvesToFloats(halves))).toEqual(halves);
  const brains = finite(0x7f80);
  expect(floatsToBrains(brainsToFloats(brains))).toEqual(brains);
});

test('known values', () => {
  expect(Array.from(halvesToFloats(Uint16Array.of(0x3c00, 0x8000, 0x0001, 0x7bff, 0x3555)))).toEqual([
    1,
    -0,
    2 ** -24,
    65_504,
    0.333251953125,
  ]);
  expect(Array.from(brainsToFloats(Uint16Array.of(0x3f80, 0x8000, 0x4049)))).toEqual([1, -0, 3.140625]);
});

test('what lies between two goes to the nearer one, of two equally near ones to the even', () => {
  const step = 2 ** -10;
  expect(
    Array.from(floatsToHalves([1 + step / 2, 1 + (3 * step) / 2, 1 + step * 0.51, 2 - step / 4])),
  ).toEqual([0x3c00, 0x3c02, 0x3c01, 0x4000]);
  expect(Array.from(floatsToHalves([65_519, 65_520, -1e9, 2 ** -25, 2 ** -25 * 1.01]))).toEqual([
    0x7bff, 0x7c00, 0xfc00, 0, 1,
  ]);
  expect(Array.from(floatsToBrains([1 + 2 ** -8, 1 + 3 * 2 ** -8]))).toEqual([0x3f80, 0x3f82]);
});
