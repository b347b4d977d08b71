import { InputError } from '../../common/errors.js';
import { stillReading } from '../../common/reading.js';
import { unreadable } from '../check.js';
import { LONGEST_LINE } from '../limits.js';
import { openBytes } from './packed.js';

/** A file's bytes, unpacked, piece by piece. Throws InputError naming it if it cannot be read or is damaged. */
export async function* readChunks(path: string): AsyncGenerator<Buffer> {
  const stream = openBytes(path);
  try {
    for await (const piece of stream) {
      stillReading();
      yield piece as Buffer;
    }
  } catch (error) {
    throw error instanceof Error && 'exitCode' in error ? error : unreadable(path, error);
  } finally {
    stream.destroy();
  }
}

/**
 * The lines of a UTF-8 file (packed or not), without their ends; an empty last line is left out. Memory is bounded by
 * the longest line. Throws InputError naming the file if it cannot be read or the packed data is damaged.
 */
export async function* readLines(path: string): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let size = 0;
  for await (const chunk of readChunks(path)) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      rest.push(chunk.subarray(from, end));
      yield lineText(rest);
      rest = [];
      size = 0;
      from = end + 1;
    }
    if (from === chunk.length) continue;
    rest.push(chunk.subarray(from));
    size += chunk.length - from;
    if (size > LONGEST_LINE) throw tooLong(path);
  }
  if (rest.length > 0) yield lineText(rest);
}

function tooLong(path: string): InputError {
  return new InputError(`has a line of more than ${LONGEST_LINE} bytes`, {
    where: path,
    next: 'it is not a text file with one record per line',
  });
}

function lineText(parts: Buffer[]): string {
  const line = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  const end = line.length > 0 && line[line.length - 1] === 13 ? line.length - 1 : line.length;
  return line.toString('utf8', 0, end);
}

/** Characters of a text that is held as a whole. */
const MOST_TEXT = 128 * 2 ** 20;

/** All of a small UTF-8 file, packed or not. Throws InputError naming it. */
export async function readText(path: string): Promise<string> {
  const lines: string[] = [];
  let size = 0;
  for await (const line of readLines(path)) {
    size += line.length + 1;
    if (size > MOST_TEXT) {
      throw new InputError(`has more than the ${MOST_TEXT} characters that such a file may have`, {
        where: path,
        next: 'it is damaged, or another file than is meant',
      });
    }
    lines.push(line);
  }
  return lines.join('\n');
}
