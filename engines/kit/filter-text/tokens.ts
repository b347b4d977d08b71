import { shorten } from '../../../common/errors.js';
import { Refused } from './logic.js';

export type TokenKind = 'text' | 'number' | 'name' | 'quoted' | 'parameter' | 'sign' | 'end';

export interface Token {
  kind: TokenKind;
  /** Of texts and quoted names what they mean; signs and names as they stand. */
  value: string;
}

/** How a language is cut into tokens: the first rule that fits at a place counts. */
export interface TokenRule {
  /** Sticky. Undefined as its kind: it is passed over. */
  form: RegExp;
  kind: TokenKind | undefined;
  /** Of what was matched. */
  value?: (matched: string) => string;
}

/** Longest filter that is read: a log is not to be believed. */
const MOST = 100_000;

export function tokensOf(text: string, rules: readonly TokenRule[]): Token[] {
  if (text.length > MOST) throw new Refused(`it has ${text.length} characters`);
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const found = rules.find(({ form }) => {
      form.lastIndex = at;
      return form.test(text);
    });
    if (found === undefined) throw new Refused(`${JSON.stringify(text[at])} is not read here`);
    const matched = text.slice(at, found.form.lastIndex);
    at = found.form.lastIndex;
    if (found.kind !== undefined) tokens.push({ kind: found.kind, value: found.value?.(matched) ?? matched });
  }
  return [...tokens, { kind: 'end', value: 'the end' }];
}

/** Parentheses, lists and negations inside one another, at most. */
const MOST_DEPTH = 64;

/** For messages, which are counted and stored: values, which may be what nobody is to see, are not told. */
export function shown({ kind, value }: Token): string {
  if (kind === 'text' || kind === 'number') return `a ${kind}`;
  return kind === 'end' ? value : shorten(value);
}

/** Tokens one after the other. */
export class Cursor {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get next(): Token {
    return this.#tokens[this.#at]!;
  }

  take(): Token {
    const token = this.next;
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  /** Whether the next ones are these words or signs, whatever their case. */
  sees(...values: readonly string[]): boolean {
    return values.every((value, i) => {
      const token = this.#tokens[this.#at + i];
      const open = token !== undefined && (token.kind === 'sign' || token.kind === 'name');
      return open && token.value.toUpperCase() === value;
    });
  }

  /** Takes them if they are there. */
  takes(...values: readonly string[]): boolean {
    if (!this.sees(...values)) return false;
    this.#at += values.length;
    return true;
  }

  /** @throws Refused if they are not there */
  needs(...values: readonly string[]): void {
    if (!this.takes(...values))
      throw new Refused(`"${values.join(' ')}" is wanted before ${shown(this.next)}`);
  }

  /** @throws Refused if it is nested too deep */
  inside<T>(read: () => T): T {
    if (++this.#depth > MOST_DEPTH) throw new Refused(`it is nested more than ${MOST_DEPTH} deep`);
    const result = read();
    this.#depth--;
    return result;
  }
}
