/** Forms in which people write times; a field with several of them cannot be sorted or compared as text. */
const TIMES = {
  date: /^\d{4}-\d{2}-\d{2}$/,
  'time with a zone': /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)$/i,
  'time without a zone': /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?$/,
  'date with slashes': /^\d{1,4}\/\d{1,2}\/\d{1,4}( .*)?$/,
  'date with dots': /^\d{1,2}\.\d{1,2}\.\d{2,4}( .*)?$/,
  'date in words': /^([A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2,8} \d{4}( .*)?$/,
} as const;
export type TimeForm = keyof typeof TIMES;
export const NAIVE: TimeForm = 'time without a zone';

/** The form of a text that is a time; undefined: it is none. */
export function timeForm(text: string): TimeForm | undefined {
  if (text.length < 6 || text.length > 48) return undefined;
  return (Object.keys(TIMES) as TimeForm[]).find((form) => TIMES[form].test(text));
}

/** Whether a text is a decimal number. */
export function isNumeric(text: string): boolean {
  return text.length <= 40 && /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text);
}

export const DAMAGES = ['unpaired-surrogate', 'replacement-character', 'mojibake', 'nul'] as const;
export type Damage = (typeof DAMAGES)[number];

/** Most texts are plain, and done with at once. */
function isPlain(text: string): boolean {
  return !/\P{ASCII}/u.test(text) && !text.includes('\0');
}

/** What is wrong with the characters of a text. */
export function damages(text: string): Damage[] {
  if (isPlain(text)) return [];
  const found: Damage[] = [];
  if (/\p{Surrogate}/u.test(text)) found.push('unpaired-surrogate');
  if (text.includes('\ufffd')) found.push('replacement-character');
  if (text.includes('\0')) found.push('nul');
  if (isMojibake(text)) found.push('mojibake');
  return found;
}

/** `composed`: it has signs that could be written decomposed (é as e and an accent), and the reverse. */
export function normalForms(text: string): { composed: boolean; decomposed: boolean } {
  if (isPlain(text)) return { composed: false, decomposed: false };
  return { composed: text !== text.normalize('NFD'), decomposed: text !== text.normalize('NFC') };
}

/** Characters of Windows-1252 beyond Latin-1, with their bytes. */
const WINDOWS = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';
const RUN = /[\u00c2-\u00f4][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]{1,3}/g;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Whether part of a text is UTF-8 that was read as Latin-1 or Windows-1252: `Ã©` for `é`, `â€™` for `’`. */
function isMojibake(text: string): boolean {
  for (const [run] of text.matchAll(RUN)) {
    for (let length = run.length; length >= 2; length--) {
      const bytes = Uint8Array.from(run.slice(0, length), byteOf);
      try {
        UTF8.decode(bytes);
        return true;
      } catch {
        // A shorter run may still be one character.
      }
    }
  }
  return false;
}

function byteOf(sign: string): number {
  const code = sign.charCodeAt(0);
  return code < 0x100 ? code : 0x80 + WINDOWS.indexOf(sign);
}
