/** Control characters as their pictures (␛), line breaks kept: texts of data and engines may hold anything. */
export function visible(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, (sign) => {
    const code = sign.codePointAt(0)!;
    return code < 32 ? String.fromCodePoint(0x2400 + code) : '\ufffd';
  });
}
