import { InputError } from '../../../common/errors.js';
import { LONGEST_LINE } from '../../limits.js';
import { readChunks } from '../lines.js';

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const OPEN = new Set([0x7b, 0x5b]);
const CLOSE = new Set([0x7d, 0x5d]);
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** Whether the first character of a file, byte order mark and spaces aside, opens a list. */
export async function isJsonArray(path: string): Promise<boolean> {
  for await (const chunk of readChunks(path)) {
    const text = (chunk as Buffer)
      .toString('latin1', 0, 4096)
      .replace(/^\xEF\xBB\xBF/, '')
      .trimStart();
    if (text !== '') return text.startsWith('[') && !/^\[\s*-?[\d"]/.test(text);
  }
  return false;
}

/**
 * The texts of the elements of a JSON array, one after the other; what they hold is not looked at. Memory is bounded by an
 * element. Throws InputError if the array does not end, or goes on after its end.
 */
export async function* readElements(path: string): AsyncGenerator<string> {
  let depth = 0;
  let inText = false;
  let escaped = false;
  let parts: Buffer[] = [];
  let size = 0;
  let ended = false;
  let first = true;
  for await (const piece of readChunks(path)) {
    let chunk = piece;
    if (first && chunk[0] === 0xef) chunk = chunk.subarray(3);
    first = false;
    let from = depth === 0 ? -1 : 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (inText) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inText = false;
        continue;
      }
      if (byte === QUOTE) inText = true;
      else if (OPEN.has(byte)) {
        if (ended) throw broken(path, 'continues after the end of its list');
        depth++;
        if (depth === 1) from = i + 1;
      } else if (CLOSE.has(byte) || (byte === COMMA && depth === 1)) {
        if (CLOSE.has(byte)) depth--;
        if (depth > 1 || (depth === 1 && byte !== COMMA)) continue;
        parts.push(chunk.subarray(from, i));
        const text = Buffer.concat(parts).toString('utf8').trim();
        parts = [];
        size = 0;
        from = i + 1;
        if (text !== '') yield text;
        if (depth === 0) ended = true;
      } else if (ended && !SPACE.has(byte)) throw broken(path, 'continues after the end of its list');
    }
    if (ended || from === -1) continue;
    parts.push(Buffer.from(chunk.subarray(from)));
    size += chunk.length - from;
    if (size > LONGEST_LINE) throw broken(path, `has an element of more than ${LONGEST_LINE} bytes`);
  }
  if (!ended) throw broken(path, 'ends in the middle of its list');
}

function broken(path: string, what: string): InputError {
  return new InputError(`is a JSON array that ${what}`, {
    where: path,
    next: 'the file is damaged or incomplete: write or download it again',
  });
}
