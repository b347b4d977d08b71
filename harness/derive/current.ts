import { createHash, type Hash } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { writeFileAtomic } from '../../common/files.js';
import { codeHash } from '../../common/modules.js';
import { packageInfo } from '../../common/paths.js';
import { MOST_RECORD, readRegular, readRegularText } from '../../common/regular-file.js';
import { type Results, resultsSchema } from '../model/results.js';
import { type ColumnsOfTrials, readByQuery, writeByQuery } from '../store/by-query.js';
import type { RunFolder } from '../store/run-folder.js';
import { readColumns } from './columns.js';
import { deriveAll } from './derive.js';

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
  /** `by-query.parquet` as it was written; null: too many values to keep. */
  byQuery: hash.nullable(),
});

type Origin = Pick<z.infer<typeof derivedSchema>, 'raw' | 'code'>;

/** Results, and what they were derived from and by. */
export interface Derived {
  results: Results;
  origin: Origin;
  /** The measures of completed trials by query: from the stored file or the derivation, else from the samples. */
  columns(trials: readonly string[]): Promise<ColumnsOfTrials>;
  /** All of them; undefined: the stored file has them, or they are too many to keep. */
  fresh?: ColumnsOfTrials;
  stored: boolean;
}

/**
 * A run's results: the stored ones if every raw file, the code and the stored file itself are what they were, else
 * derived again. Told by content: times of files say nothing of copies.
 * @throws as `deriveResults`
 */
export async function currentResults(folder: RunFolder): Promise<Derived> {
  // Before deriving: what a run in progress adds meanwhile is not in the results.
  const origin = { raw: rawHash(folder), code: codeOfDeriving() };
  const known = storedResults(folder, origin);
  if (known !== undefined) return { ...known, origin, stored: true };
  const { results, columns } = await deriveAll(folder);
  const derived = { results, origin, stored: false };
  if (columns === undefined) return { ...derived, columns: (ids) => readColumns(folder, ids) };
  return { ...derived, columns: async () => columns, fresh: columns };
}

/** Writes `results.json` and the measures by query, and beside them what they are derived from. */
export function writeResults(folder: RunFolder, { results, origin, fresh, stored }: Derived): void {
  const text = `${JSON.stringify(resultsSchema.parse(results), null, 2)}\n`;
  if (stored && fileHash(folder.results) === sha256(text)) return;
  rmSync(folder.derived, { force: true });
  writeFileAtomic(folder.results, text);
  if (fresh === undefined) rmSync(folder.byQuery, { force: true });
  else writeByQuery(folder.byQuery, fresh);
  const about = { schema: 1, ...origin, results: sha256(text), byQuery: fileHash(folder.byQuery) };
  writeFileAtomic(folder.derived, `${JSON.stringify(derivedSchema.parse(about), null, 2)}\n`);
}

/** Undefined for anything unexpected: then the raw files decide. */
function storedResults(
  folder: RunFolder,
  { raw, code }: Origin,
): Pick<Derived, 'results' | 'columns'> | undefined {
  if (!existsSync(folder.derived) || !existsSync(folder.results)) return undefined;
  const about = derivedSchema.safeParse(parsed(readRegularText(folder.derived))).data;
  if (about === undefined || about.raw !== raw || about.code !== code) return undefined;
  const text = readRegularText(folder.results, MOST_RECORD);
  if (sha256(text) !== about.results) return undefined;
  const results = resultsSchema.safeParse(parsed(text)).data;
  if (results === undefined) return undefined;
  const columns: Derived['columns'] = (trials) =>
    about.byQuery !== null && fileHash(folder.byQuery) === about.byQuery
      ? readByQuery(folder.byQuery)
      : readColumns(folder, trials);
  return { results, columns };
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
  const { manifest, events, truth, queries, judgements, samples, checksums } = folder;
  const single = [manifest, events, truth, queries, judgements, checksums].filter(existsSync);
  const h = createHash('sha256');
  for (const path of [...single, ...filesIn(samples)]) addFile(h, relative(folder.path, path), path);
  return h.digest('hex');
}

/** Where deriving begins: here, and in the threads that it starts. Undefined before the first question. */
let derivingCode: string | undefined;

/** All code that a result may depend on, so that a change of a formula is never missed in a checkout either. */
function codeOfDeriving(): string {
  const here = fileURLToPath(import.meta.url);
  const thread = join(dirname(here), `measure-thread${extname(here)}`);
  derivingCode ??= codeHash([here, thread], packageInfo().version);
  return derivingCode;
}

/** Files of a folder; unfinished ones, and the parts below of a run in progress, are nothing to derive from. */
function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.tmp-'))
    .map(({ name }) => join(folder, name))
    .sort();
}

/** Lengths keep apart what names and contents alone could not. */
function addFile(h: Hash, name: string, path: string): void {
  const bytes = readRegular(path, Number.POSITIVE_INFINITY);
  h.update(`${name.length} ${name} ${bytes.length} `).update(bytes);
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function fileHash(path: string): string | null {
  return existsSync(path) ? sha256(readRegular(path, Number.POSITIVE_INFINITY)) : null;
}
