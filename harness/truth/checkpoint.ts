import { createHash } from 'node:crypto';
import { existsSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../../common/errors.js';
import { makeFolder, writeFileAtomic } from '../../common/files.js';
import { readRegular } from '../../common/regular-file.js';
import type { Checkpoint } from './options.js';
import { TopLists } from './top-lists.js';

/** Of the file: what it is, its hash and the numbers in front of the lists. */
const MAGIC = 'vecproof truth checkpoint 1\n';
const HEAD = MAGIC.length + 32 + 12;

/**
 * A checkpoint in one file: rows done, queries, depth (uint32), then rows (int32), distances (float64) and sizes (int32) of the lists,
 * with their sha256 in front. What is not whole is not believed, and said by `onWarning`.
 */
export function checkpointAt(path: string, onWarning?: (text: string) => void): Checkpoint {
  return {
    read(queries, depth) {
      if (!existsSync(path)) return undefined;
      try {
        return parse(path, queries, depth);
      } catch (error) {
        onWarning?.(
          `truth: what was kept of a stopped scan cannot be used, it begins again: ${messageOf(error)}`,
        );
        return undefined;
      }
    },
    write(lists, done) {
      const numbers = Uint32Array.of(done, lists.queries, lists.depth);
      const parts = [numbers, lists.rows, lists.distances, lists.sizes].map(bytesOf);
      const hash = createHash('sha256');
      for (const part of parts) hash.update(part);
      try {
        // The first truth of all finds no folder.
        makeFolder(dirname(path));
        writeFileAtomic(path, Buffer.concat([Buffer.from(MAGIC), hash.digest(), ...parts]));
      } catch (error) {
        onWarning?.(`truth: the scan cannot be taken up again if it is stopped: ${messageOf(error)}`);
      }
    },
    remove: () => rmSync(path, { force: true }),
  };
}

function parse(path: string, queries: number, depth: number): { lists: TopLists; done: number } {
  const lists = new TopLists(queries, depth);
  const size = HEAD + queries * (depth * 12 + 4);
  if (statSync(path).size !== size) throw new Error(`${path} is not of these queries`);
  const bytes = readRegular(path, size);
  const content = bytes.subarray(MAGIC.length + 32);
  const sha256 = createHash('sha256').update(content).digest();
  if (
    bytes.toString('latin1', 0, MAGIC.length) !== MAGIC ||
    !sha256.equals(bytes.subarray(MAGIC.length, MAGIC.length + 32))
  )
    throw new Error(`${path} is damaged`);
  const [done, ofQueries, ofDepth] = [0, 4, 8].map((at) => content.readUInt32LE(at)) as [
    number,
    number,
    number,
  ];
  if (ofQueries !== queries || ofDepth !== depth) throw new Error(`${path} is not of these queries`);
  let at = 12;
  for (const into of [lists.rows, lists.distances, lists.sizes]) {
    bytesOf(into).set(content.subarray(at, at + into.byteLength));
    at += into.byteLength;
  }
  return { lists, done };
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array | Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
