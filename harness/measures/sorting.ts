/** Indexes that sort the values ascending; equal values keep their order. Merge sort: no comparator calls. */
export function argsort(values: Float64Array): Int32Array {
  let from = Int32Array.from(values, (_, i) => i);
  let into = new Int32Array(values.length);
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      merge(values, from, into, start, width);
    }
    [from, into] = [into, from];
  }
  return from;
}

function merge(values: Float64Array, from: Int32Array, into: Int32Array, start: number, width: number): void {
  const middle = Math.min(start + width, values.length);
  const end = Math.min(start + 2 * width, values.length);
  let left = start;
  let right = middle;
  for (let at = start; at < end; at++) {
    const takeLeft = left < middle && (right >= end || values[from[left]!]! <= values[from[right]!]!);
    into[at] = takeLeft ? from[left++]! : from[right++]!;
  }
}
