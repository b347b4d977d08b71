import { createHash } from 'node:crypto';
import { groupDigits } from '../../common/numbers.js';

/** `1 point`, `2,000 points`. */
export function countWords(count: number, one: string, several = `${one}s`): string {
  return `${groupDigits(String(count))} ${count === 1 ? one : several}`;
}

/** An argument as a shell takes it for one word. */
export function shellWord(text: string): string {
  return /^[\w./:@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A name as a part of what people type behind `--accept`: itself, or readable and unique where a shell would mind it. */
export function idWord(name: string): string {
  if (/^[\w.-]+$/.test(name)) return name;
  const readable = name.replace(/[^\w.-]+/g, '.').slice(0, 24);
  return `${readable}.${createHash('sha256').update(name).digest('hex').slice(0, 6)}`;
}
