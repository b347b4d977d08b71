import { nearestName } from '../../common/nearest.js';

/** `Did you mean "x"?` if one is near, else the list of what is known. */
export function hint(name: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const near = nearestName(name, known);
  return near === undefined ? ` Known: ${known.join(', ')}.` : ` Did you mean "${near}"?`;
}
