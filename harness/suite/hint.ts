import { closest, distance as editDistance } from 'fastest-levenshtein';

/** `Did you mean "x"?` if one is near, else the list of what is known. */
export function hint(name: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const nearest = closest(
    name.toLowerCase(),
    known.map((each) => each.toLowerCase()),
  );
  const match = known.find((each) => each.toLowerCase() === nearest)!;
  const near = editDistance(name.toLowerCase(), nearest) <= Math.max(2, Math.floor(name.length / 3));
  return near ? ` Did you mean "${match}"?` : ` Known: ${known.join(', ')}.`;
}
