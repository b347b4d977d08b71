import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hashFile, hashText } from './hash.js';

/*
 * What is kept in the cache between commands. A disk may change it, and so may whoever else can write there: everything
 * is kept with its SHA-256, which is looked at each time, and what is not as it was written counts as not there.
 */

/** Called with words for people where something of the cache is not as it was written. */
export type OnChanged = ((message: string) => void) | undefined;

export function changed(path: string, onChanged: OnChanged): void {
  onChanged?.(`${path} is not as it was written: it is not used and made again`);
}

/** A value that `keepValue` kept; undefined: there is none, or it was changed. */
export async function keptValue(path: string, onChanged?: OnChanged): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const end = text.indexOf('\n');
  const json = text.slice(end + 1);
  if (end === 64 && text.slice(0, 64) === hashText(json)) return JSON.parse(json);
  changed(path, onChanged);
  return undefined;
}

/** Best effort: a cache that cannot be written costs time at the next start, and nothing else. */
export async function keepValue(path: string, value: unknown): Promise<void> {
  const json = JSON.stringify(value);
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(temporary, `${hashText(json)}\n${json}`);
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

const sealOf = (path: string): string => `${path}.sha256`;

/** Says what a file of the cache holds; called before it gets its name. */
export async function sealFile(path: string, written: string): Promise<void> {
  const { sha256 } = await hashFile(written);
  const temporary = `${sealOf(path)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  await writeFile(temporary, `${sha256}\n`);
  await rename(temporary, sealOf(path));
}

/** Whether a file of the cache is there and as `sealFile` found it. */
export async function isKept(path: string, onChanged?: OnChanged): Promise<boolean> {
  const sealed = await readFile(sealOf(path), 'utf8').catch(() => undefined);
  const found = await hashFile(path).catch(() => undefined);
  if (found === undefined) return false;
  // One of an earlier version has no seal.
  if (sealed === undefined) return false;
  if (sealed.trim() === found.sha256) return true;
  changed(path, onChanged);
  return false;
}
