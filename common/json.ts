/** Keys and what opens and closes objects; other text is skipped. */
const KEYS = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g;

/** A key that an object of this JSON text names twice, which `JSON.parse` would drop in silence. */
export function repeatedKey(text: string): string | undefined {
  const objects: Set<string>[] = [];
  for (const [token, colon] of text.matchAll(KEYS)) {
    if (token === '{') objects.push(new Set());
    else if (token === '}') objects.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(token.slice(0, -colon.length)) as string;
      const keys = objects.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}

/** Integers that a number may not hold exactly have at least 16 digits; digits behind a point do not count. */
const LONG = /(?<![\d.])\d{16}/;
/** Texts, which are skipped, and numbers. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const INTEGER = /^-?[1-9]\d{15,}$/;

/** Objects and arrays inside one another; deeper ones are no data, and what walks through them would run out of stack. */
const DEEPEST = 100;

/** Throws SyntaxError for a text that is deeper than data is. */
export function checkDepth(text: string): void {
  // Most texts have fewer brackets than levels are allowed.
  let brackets = 0;
  for (const sign of ['{', '[']) {
    for (let at = text.indexOf(sign); at !== -1 && brackets <= DEEPEST; at = text.indexOf(sign, at + 1))
      brackets++;
  }
  if (brackets <= DEEPEST) return;
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    if (depth > DEEPEST) throw new SyntaxError(`JSON is nested more than ${DEEPEST} deep`);
  }
}

/**
 * `JSON.parse`, but integers beyond ±(2^53 - 1) come as bigint instead of rounded. Throws SyntaxError as it does,
 * and for what is nested too deep.
 */
export function parseJson(text: string): unknown {
  checkDepth(text);
  const value: unknown = JSON.parse(text);
  if (!LONG.test(text)) return value;
  // A mark that no text of this file can begin with.
  let mark = 'integer:';
  while (text.includes(mark)) mark = `${mark}:`;
  let found = false;
  const marked = text.replace(TOKENS, (token) => {
    if (!INTEGER.test(token) || Number.isSafeInteger(Number(token))) return token;
    found = true;
    return `"${mark}${token}"`;
  });
  if (!found) return value;
  return JSON.parse(marked, (_, each: unknown) =>
    typeof each === 'string' && each.startsWith(mark) ? BigInt(each.slice(mark.length)) : each,
  );
}
