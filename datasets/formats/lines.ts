import { createReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { unreadable } from '../check.js';

/** A file's bytes as a stream; `.gz` files are unpacked. Errors of either arrive at the reader. */
function openBytes(path: string): Readable {
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  if (!path.endsWith('.gz')) return file;
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  // The callback is needed, or an error would be thrown as unhandled; the loop below sees it as well.
  pipeline(file, gunzip, () => {});
  return gunzip;
}

/**
 * The lines of a UTF-8 file (or `.gz`), without their ends; an empty last line is left out. Memory is bounded by
 * the longest line. Throws InputError naming the file if it cannot be read or the gzip data is damaged.
 */
export async function* readLines(path: string): AsyncGenerator<string> {
  const stream = openBytes(path);
  let rest: Buffer[] = [];
  try {
    for await (const piece of stream) {
      const chunk = piece as Buffer;
      let from = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
        rest.push(chunk.subarray(from, end));
        yield lineText(rest);
        rest = [];
        from = end + 1;
      }
      if (from < chunk.length) rest.push(chunk.subarray(from));
    }
    if (rest.length > 0) yield lineText(rest);
  } catch (error) {
    throw error instanceof Error && 'exitCode' in error ? error : unreadable(path, error);
  } finally {
    stream.destroy();
  }
}

function lineText(parts: Buffer[]): string {
  const line = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  const end = line.length > 0 && line[line.length - 1] === 13 ? line.length - 1 : line.length;
  return line.toString('utf8', 0, end);
}
