import { Refused } from './logic.js';
import type { Token } from './tokens.js';

/** The text of a filter with the values of $1, $2, … */
export function partsOf(native: unknown): { text: string; parameters: readonly unknown[] } {
  if (typeof native === 'string') return { text: native, parameters: [] };
  const { where, sql = where, params = [] } = (native ?? {}) as Record<string, unknown>;
  if (typeof sql === 'string' && Array.isArray(params)) return { text: sql, parameters: params };
  throw new Refused('it is neither a text nor { where, params }');
}

const BEHIND_WHERE = /^(ORDER|GROUP|LIMIT|OFFSET|FETCH|FOR|HAVING|WINDOW|UNION|RETURNING)$/i;

/** Of a whole statement what stands between WHERE and ORDER BY. */
export function whereOf(tokens: readonly Token[]): readonly Token[] {
  const isWord = (token: Token, word: string) => token.kind === 'name' && token.value.toUpperCase() === word;
  if (!isWord(tokens[0]!, 'SELECT') && !isWord(tokens[0]!, 'WITH')) {
    const [first, ...rest] = tokens;
    return isWord(first!, 'WHERE') ? rest : tokens;
  }
  if (isWord(tokens[0]!, 'WITH') || tokens.filter((token) => isWord(token, 'SELECT')).length > 1)
    throw new Refused('it is a statement of several parts');
  if (tokens.some((token) => isWord(token, 'JOIN'))) throw new Refused('it joins tables');
  const from = tokens.findIndex((token) => isWord(token, 'WHERE'));
  if (from < 0) throw new Refused('it has no WHERE');
  const length = tokens
    .slice(from)
    .findIndex((token) => token.kind === 'name' && BEHIND_WHERE.test(token.value));
  const to = length < 0 ? tokens.length - 1 : from + length;
  return [...tokens.slice(from + 1, to), tokens.at(-1)!];
}
