import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { streamRegular } from '../../common/regular-file.js';
import type { Evidence } from './events.js';

/** SHA-256 of a JSON-like value; the order of keys does not count. */
export function hashOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)) ?? '')
    .digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)]),
  );
}

/** What a file holds now. */
export async function evidenceOf(folder: string, file: string): Promise<Evidence> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of streamRegular(join(folder, file), { highWaterMark: 1 << 20 })) {
    hash.update(chunk);
    bytes += (chunk as Buffer).length;
  }
  return { file, sha256: hash.digest('hex'), bytes };
}

/** Why a file is not the one that was written, as the rest of a sentence that begins with its name; undefined: it is. */
export async function whyNotIntact(
  folder: string,
  { file, sha256, bytes }: Evidence,
): Promise<string | undefined> {
  const path = join(folder, file);
  if (!existsSync(path)) return 'is missing';
  if (statSync(path).size === bytes && (await evidenceOf(folder, file)).sha256 === sha256) return undefined;
  return 'is not as it was written';
}
