import { readLines } from '../lines.js';
import type { RecordReader } from '../records/reader.js';
import { isJsonArray, readElements } from './array.js';
import { parseRecord } from './parse.js';

/**
 * A file with one JSON object per line (blank lines are skipped), or one JSON array of objects; packed or not. Read as a
 * stream. Errors name the line, counted from 1, or the element, counted from 0.
 */
export async function jsonReader(path: string): Promise<RecordReader> {
  if (await isJsonArray(path)) {
    const place = (number: number) => `${path} element ${number}`;
    return {
      path,
      format: 'jsonl',
      place,
      async *read() {
        let number = 0;
        for await (const text of readElements(path)) {
          yield { number, record: parseRecord(place(number), text), size: text.length };
          number++;
        }
      },
    };
  }
  const place = (number: number) => `${path}:${number}`;
  return {
    path,
    format: 'jsonl',
    place,
    async *read() {
      let number = 0;
      for await (const line of readLines(path)) {
        number++;
        // Some tools on Windows start a file with a byte order mark.
        const text = number === 1 ? line.replace(/^\uFEFF/, '') : line;
        if (text.trim() !== '') yield { number, record: parseRecord(place(number), text), size: text.length };
      }
    },
  };
}
