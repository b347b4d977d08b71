import { Random } from '../../harness/measures/random.js';

/** 500 clusters, so that a graph has something to find. */
export function clustered(count: number, dimensions: number): Float32Array {
  const random = new Random(1);
  const unit = () => random.below(2 ** 20) / 2 ** 20 - 0.5;
  const centres = Float32Array.from({ length: 500 * dimensions }, unit);
  return Float32Array.from({ length: count * dimensions }, (_, i) => {
    const point = Math.floor(i / dimensions);
    return centres[(point % 500) * dimensions + (i % dimensions)]! + 0.2 * unit();
  });
}
