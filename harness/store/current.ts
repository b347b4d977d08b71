import { createHash, type Hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { writeFileAtomic } from '../../common/files.js';
import { packageInfo } from '../../common/paths.js';
import { deriveResults } from './derive.js';
import type { RunFolder } from './run-folder.js';
import { type Results, resultsSchema } from './schema.js';

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** `derived.json`: what the stored results were derived from and by; SHA-256 each. */
const derivedSchema = z.strictObject({
  schema: z.literal(1),
  /** All raw files of the run. */
  raw: hash,
  /** The code that derives, with its version. */
  code: hash,
  /** `results.json` as it was written. */
  results: hash,
});

type Origin = Pick<z.infer<typeof derivedSchema>, 'raw' | 'code'>;

/** Results, and what they were derived from and by. */
export interface Derived {
  results: Results;
  origin: Origin;
}

/**
 * A run's results: the stored ones if every raw file, the code and the stored file itself are what they were, else
 * derived again. Told by content: times of files say nothing of copies.
 * @throws as `deriveResults`
 */
export async function currentResults(folder: RunFolder): Promise<Derived> {
  // Before deriving: what a run in progress adds meanwhile is not in the results.
  const origin = { raw: rawHash(folder), code: codeHash() };
  const results = stored(folder, origin) ?? (await deriveResults(folder));
  return { results, origin };
}

/** Writes `results.json`, and beside it what it is derived from. */
export function writeResults(folder: RunFolder, { results, origin }: Derived): void {
  const text = `${JSON.stringify(resultsSchema.parse(results), null, 2)}\n`;
  rmSync(folder.derived, { force: true });
  writeFileAtomic(folder.results, text);
  const about = { schema: 1, ...origin, results: sha256((h) => h.update(text)) };
  writeFileAtomic(folder.derived, `${JSON.stringify(about, null, 2)}\n`);
}

/** Undefined for anything unexpected: then the raw files decide. */
function stored(folder: RunFolder, { raw, code }: Origin): Results | undefined {
  if (!existsSync(folder.derived) || !existsSync(folder.results)) return undefined;
  const about = derivedSchema.safeParse(parsed(readFileSync(folder.derived, 'utf8')));
  if (!about.success || about.data.raw !== raw || about.data.code !== code) return undefined;
  const text = readFileSync(folder.results);
  if (sha256((h) => h.update(text)) !== about.data.results) return undefined;
  return resultsSchema.safeParse(parsed(text.toString())).data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Everything that results are derived from, whatever its name. */
function rawHash(folder: RunFolder): string {
  const { manifest, events, truth, queries, judgements, samples } = folder;
  const single = [manifest, events, truth, queries, judgements].filter(existsSync);
  return sha256((h) => {
    for (const path of [...single, ...filesIn(samples)]) addFile(h, relative(folder.path, path), path);
  });
}

let known: string | undefined;

/** The code of this folder and of the measures, so that a change of a formula is never missed in a checkout either. */
function codeHash(): string {
  known ??= sha256((h) => {
    h.update(packageInfo().version);
    for (const name of ['.', '../measures']) {
      const folder = fileURLToPath(new URL(name, import.meta.url));
      for (const path of filesIn(folder)) addFile(h, relative(folder, path), path);
    }
  });
  return known;
}

/** Files of a folder and below; unfinished ones belong to nobody. */
function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.tmp-'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Lengths keep apart what names and contents alone could not. */
function addFile(h: Hash, name: string, path: string): void {
  const bytes = readFileSync(path);
  h.update(`${name.length} ${name} ${bytes.length} `).update(bytes);
}

function sha256(fill: (h: Hash) => void): string {
  const h = createHash('sha256');
  fill(h);
  return h.digest('hex');
}
