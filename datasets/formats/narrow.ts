import { InputError } from '../../common/errors.js';

/**
 * Writes rows of float64 (or any numbers) as float32. Components that float32 cannot hold, which would become infinite,
 * and rows of which nothing but zeros would be left, are no damage of the file: they are told as what they are.
 *
 * @param place where row `i` of `from` is
 * @throws InputError with the place, the component and its value
 */
export function narrowRows(
  from: ArrayLike<number>,
  into: Float32Array,
  at: number,
  dimensions: number,
  place: (row: number) => string,
): void {
  into.set(from, at);
  // v * 0 is NaN for infinite v: one sum tells about all of them.
  let sum = 0;
  for (let i = 0; i < from.length; i++) sum += into[at + i]! * 0;
  if (sum !== 0) {
    const bad = Array.prototype.findIndex.call(
      from,
      (value: number) => Number.isFinite(value) && !Number.isFinite(Math.fround(value)),
    );
    if (bad !== -1) throw beyondFloat32(place(Math.floor(bad / dimensions)), bad % dimensions, from[bad]!);
  }
  for (let start = 0; start < from.length; start += dimensions) {
    if (into[at + start] !== 0) continue;
    const end = Math.min(start + dimensions, from.length);
    let i = start;
    while (i < end && into[at + i] === 0) i++;
    if (i < end) continue;
    for (let j = start; j < end; j++) {
      if (from[j] !== 0) throw belowFloat32(place(Math.floor(start / dimensions)), j - start, from[j]!);
    }
  }
}

const SCALE =
  'multiply all vectors by the same factor (this keeps every order of neighbours), or normalise them';

export function beyondFloat32(where: string, component: number, got: number): InputError {
  return new InputError(
    `component ${component} of the vector is beyond the range of float32 (3.4e38), in which vectors are compared`,
    { where, got, next: SCALE },
  );
}

export function belowFloat32(where: string, component: number, got: number): InputError {
  return new InputError(
    `the vector is not zero, but every component is below the range of float32 (1.4e-45); component ${component}`,
    { where, got, next: SCALE },
  );
}
