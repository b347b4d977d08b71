import type { PointId } from '../../engines/contract/ids.js';
import type { IdType } from '../export/canonical.js';

/** An id of the source with its type: `7`, `"7"` and a UUID are three things. */
export interface TypedId {
  type: IdType;
  id: PointId;
}

const LETTERS: Readonly<Record<IdType, string>> = { integer: 'i', string: 's', uuid: 'u' };

/** `i:7`, `s:7`, `u:0d5e…`: no two typed ids have the same. */
export function typedText({ type, id }: TypedId): string {
  return `${LETTERS[type]}:${id}`;
}

/** The inverse of `typedText`; undefined for other texts. */
export function fromTypedText(text: string): TypedId | undefined {
  const [, letter, rest] = /^([isu]):(.*)$/s.exec(text) ?? [];
  if (letter === undefined || rest === undefined) return undefined;
  if (letter === 'i') return /^-?\d+$/.test(rest) ? { type: 'integer', id: BigInt(rest) } : undefined;
  return { type: letter === 's' ? 'string' : 'uuid', id: rest };
}
