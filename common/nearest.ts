import { distance } from 'fastest-levenshtein';

/**
 * A message about an unknown name, with the known name that was most likely meant: `is no field. Did you mean "text"?`
 * Where none is near, it ends with `otherwise`: all known names, unless told otherwise.
 *
 * @param message a clause without its full stop
 * @param got what was written; only texts have a near name
 */
export function suggest(
  message: string,
  got: unknown,
  known: readonly string[],
  otherwise: string = known.length === 0 ? '' : `Known: ${known.join(', ')}.`,
): string {
  const near = typeof got === 'string' ? nearestName(got, known) : undefined;
  const hint = near === undefined ? otherwise : `Did you mean "${near}"?`;
  return hint === '' ? message : `${message}. ${hint}`;
}

/** The known name that `name` is most likely a misspelling of: few of its letters differ. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = (name.length <= 3 ? 1 : Math.max(2, Math.floor(name.length / 3))) + 1;
  for (const each of known) {
    const edits = distance(name.toLowerCase(), each.toLowerCase());
    if (edits < least) {
      best = each;
      least = edits;
    }
  }
  return best;
}
