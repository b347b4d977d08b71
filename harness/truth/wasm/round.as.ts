// AssemblyScript, a part of scan.as.ts; TypeScript does not read it.

/** Of the last call of `roundVector`: Euclidean norms of what is left, and of what rounding took. */
let leftNorm: f64 = 0;
let lostNorm: f64 = 0;

export function norm(): f64 {
  return leftNorm;
}

export function lost(): f64 {
  return lostNorm;
}

/**
 * Writes a vector times `factor` in whole steps, of which its largest component has 127, each plus `zero`, `apart` bytes from one
 * another. Returns the step, 0 for a zero vector.
 */
export function roundVector(vector: usize, width: i32, factor: f64, into: usize, apart: i32, zero: i32): f64 {
  let largest: f32 = 0;
  for (let i = 0; i < width; i++) largest = max(largest, abs(load<f32>(vector + ((<usize>i) << 2))));
  const step = (<f64>largest * factor) / 127;
  const perStep = step == 0 ? 0 : 1 / step;
  let kept: f64 = 0;
  let off: f64 = 0;
  let place = into;
  for (let i = 0; i < width; i++) {
    const value = <f64>load<f32>(vector + ((<usize>i) << 2)) * factor;
    const steps = max(<f64>-127, min(<f64>127, nearest(value * perStep)));
    const rounded = steps * step;
    kept += rounded * rounded;
    off += (value - rounded) * (value - rounded);
    store<u8>(place, <u8>(<i32>steps + zero));
    place += apart;
  }
  leftNorm = sqrt(kept);
  lostNorm = sqrt(off);
  return step;
}
