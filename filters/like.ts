const ANY_ONE = -1;
const ANY_TEXT = -2;

/**
 * SQL's LIKE: `%` any text, `_` one code point, `\` takes the next sign as it is; case counts. A trailing `\`, which
 * `parseFilter` refuses, is the sign itself. Never worse than the product of both lengths, whatever the pattern.
 */
export function likeMatcher(pattern: string): (text: string) => boolean {
  const tokens = tokensOf(pattern);
  return (text) => matchesTokens(tokens, codePoints(text));
}

function tokensOf(pattern: string): readonly number[] {
  const signs = codePoints(pattern);
  const tokens: number[] = [];
  for (let i = 0; i < signs.length; i++) {
    const sign = signs[i]!;
    if (sign === PERCENT) tokens.push(ANY_TEXT);
    else if (sign === UNDERSCORE) tokens.push(ANY_ONE);
    else tokens.push(sign === BACKSLASH && i + 1 < signs.length ? signs[++i]! : sign);
  }
  return tokens;
}

const PERCENT = 0x25;
const UNDERSCORE = 0x5f;
const BACKSLASH = 0x5c;

/** One pass; after a mismatch only the last `%` takes one sign more: what those before it took need not change. */
function matchesTokens(tokens: readonly number[], text: readonly number[]): boolean {
  let token = 0;
  let restartToken = -1;
  let restartText = 0;
  for (let i = 0; i < text.length; ) {
    const wanted = tokens[token];
    if (wanted === ANY_TEXT) {
      restartToken = ++token;
      restartText = i;
    } else if (wanted === ANY_ONE || wanted === text[i]) {
      token++;
      i++;
    } else if (restartToken >= 0) {
      token = restartToken;
      i = ++restartText;
    } else {
      return false;
    }
  }
  while (tokens[token] === ANY_TEXT) token++;
  return token === tokens.length;
}

function codePoints(text: string): number[] {
  const found: number[] = [];
  for (const sign of text) found.push(sign.codePointAt(0)!);
  return found;
}
