import { groupDigits } from '../../common/numbers.js';

/** `1 point`, `2,000 points`. */
export function countWords(count: number, one: string, several = `${one}s`): string {
  return `${groupDigits(String(count))} ${count === 1 ? one : several}`;
}

/** An argument as a shell takes it for one word. */
export function shellWord(text: string): string {
  return /^[\w./:@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
