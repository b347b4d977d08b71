/** Sources of some queries, numbered anew from 0 on; undefined where each query is its own. */
export function renumbered(
  queries: ArrayLike<number>,
  sourceOf: ArrayLike<number> | undefined,
): Int32Array | undefined {
  if (sourceOf === undefined) return undefined;
  const known = new Map<number, number>();
  const numbers = Int32Array.from(queries, (query) => {
    const source = sourceOf[query]!;
    const number = known.get(source) ?? known.size;
    known.set(source, number);
    return number;
  });
  return known.size === numbers.length ? undefined : numbers;
}
