import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '../../../common/errors.js';
import { parseJson } from '../../../common/json.js';
import { throwIfInterrupted } from '../../abort.js';
import { dimensionsError } from '../../check.js';
import type { FieldSchema } from '../../dataset.js';
import { hashFileCached, hashText } from '../../hash.js';
import { readLines } from '../lines.js';
import { ID_NAMES, pickName, VECTOR_NAMES } from '../names.js';
import { TypeCollector } from './types.js';

/** What one pass over a jsonl file found; kept under its content hash, as the pass parses everything. */
export interface JsonlScan {
  version: 2;
  count: number;
  /** Key of the vector and its length; absent if only ids and metadata were asked for. */
  vector?: { key: string; dimensions: number } | undefined;
  id: string | null;
  fields: FieldSchema[];
}

export type JsonObject = Record<string, unknown>;

/** Parses one line; integers beyond 2^53 come as bigint. Throws InputError naming file and line. */
export function parseLine(path: string, number: number, line: string): JsonObject {
  let value: unknown;
  try {
    // Some tools on Windows start a file with a byte order mark.
    value = parseJson(number === 1 ? line.replace(/^\uFEFF/, '') : line);
  } catch (error) {
    const nan = /(^|[\s,:[])(-?Infinity|NaN)($|[\s,\]}])/.exec(line)?.[2];
    throw new InputError(
      nan === undefined ? 'is not JSON' : `holds ${nan}, which is no JSON and no finite number`,
      {
        where: `${path}:${number}`,
        got: line,
        next:
          nan === undefined
            ? 'write one JSON object per line'
            : 'remove the point or compute its vector again',
        cause: error,
      },
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new InputError('is not a JSON object', {
    where: `${path}:${number}`,
    got: line,
    next: 'write one object per line, with id, vector and metadata as its keys',
  });
}

/**
 * Reads the file once for its number of lines, dimensions, key names and field types, and checks that every line
 * has a vector of the same length and an id if the first one has. Throws InputError naming file and line.
 */
export async function scanJsonl(
  path: string,
  options: { vectors: boolean; cacheFolder: string; signal?: AbortSignal | undefined },
): Promise<JsonlScan> {
  const { sha256 } = await hashFileCached(path, options.cacheFolder, options.signal);
  const key = hashText(JSON.stringify([2, sha256, options.vectors]));
  const entry = join(options.cacheFolder, 'scans', `${key}.json`);
  const known = await readFile(entry, 'utf8').catch(() => undefined);
  if (known !== undefined) return JSON.parse(known) as JsonlScan;
  const scan = await readThrough(path, options);
  await remember(entry, scan);
  return scan;
}

async function readThrough(
  path: string,
  { vectors, signal }: { vectors: boolean; signal?: AbortSignal | undefined },
): Promise<JsonlScan> {
  let count = 0;
  let vector: { key: string; dimensions: number } | undefined;
  let id: string | null = null;
  const types = new TypeCollector();
  for await (const line of readLines(path)) {
    if ((count & 1023) === 0) throwIfInterrupted(signal);
    const where = `${path}:${count + 1}`;
    const record = parseLine(path, count + 1, line);
    if (count === 0) {
      id = pickName(Object.keys(record), ID_NAMES) ?? null;
      if (vectors) vector = findVector(where, record);
    }
    if (id !== null) lineId(where, record, id);
    if (vector !== undefined) checkVector(where, record[vector.key], vector);
    types.add(where, record, [id, vector?.key]);
    count++;
  }
  if (count === 0) throw new InputError('has no lines', { where: path, next: 'give a file with points' });
  return { version: 2, count, vector, id, fields: types.fields(count) };
}

function findVector(where: string, record: JsonObject): { key: string; dimensions: number } {
  const lists = Object.keys(record).filter((key) => isNumbers(record[key]));
  const key = pickName(lists, VECTOR_NAMES) ?? (lists.length === 1 ? lists[0] : undefined);
  if (key !== undefined) return { key, dimensions: (record[key] as unknown[]).length };
  throw new InputError('has no vector: no key holds a list of numbers, or several do', {
    where,
    got: Object.keys(record),
    next: `call the key of the vector "vector" (known names: ${VECTOR_NAMES.join(', ')})`,
  });
}

function isNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'number');
}

/** The id of a line as text. */
export function lineId(where: string, record: JsonObject, key: string): string {
  const value = record[key];
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return String(value);
  throw new InputError(`has no id: "${key}" must be text or a number`, {
    where,
    got: value,
    next: 'give every line an id, as the first line has one',
  });
}

export function checkVector(
  where: string,
  value: unknown,
  { key, dimensions }: { key: string; dimensions: number },
): asserts value is number[] {
  if (!Array.isArray(value)) {
    throw new InputError(`has no vector: "${key}" must be a list of numbers`, {
      where,
      got: value,
      next: 'give every line a vector, or remove the line',
    });
  }
  if (value.length !== dimensions) throw dimensionsError(where, dimensions, value.length);
  for (let i = 0; i < value.length; i++) {
    if (typeof value[i] === 'number') continue;
    throw new InputError(`component ${i} of the vector is not a number`, {
      where,
      got: value[i],
      next: 'remove the point or compute its vector again',
    });
  }
}

/** Best effort: without the cache the file is read again at the next start. */
async function remember(entry: string, scan: JsonlScan): Promise<void> {
  const temporary = `${entry}.${process.pid}.${process.hrtime.bigint()}.tmp`;
  try {
    await mkdir(dirname(entry), { recursive: true });
    await writeFile(temporary, JSON.stringify(scan));
    await rename(temporary, entry);
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}
