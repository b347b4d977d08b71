/**
 * Control characters as their pictures (␛), line breaks and tabs kept: texts of data and engines may hold anything. What
 * turns the direction of writing or ends a line elsewhere is spelled out (`\u202e`).
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, (sign) => {
    const code = sign.codePointAt(0)!;
    if (code < 32) return String.fromCodePoint(0x2400 + code);
    if (code < 0xa0) return code === 127 ? '\u2421' : '\ufffd';
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** Controls of ASCII and Latin-1, marks and overrides of direction, separators of lines, what takes no room. */
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/** The same on one line: a name or place of others begins none of its own. */
export function oneLine(text: string): string {
  return visible(text.replace(/\s*\r?\n\s*/g, ' ␤ '));
}
