import { distance } from 'fastest-levenshtein';

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
