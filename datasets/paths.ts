import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../common/errors.js';
import { unreadable } from './check.js';
import { formatOf } from './formats/registry.js';

export function isGlob(path: string): boolean {
  return /[*?]|\[[^\]]+\]/.test(path) && !existsSync(path);
}

/** The files that a pattern names (`*`, `?`, `[…]` within a name, `**` for folders), in order of their names. */
export function expandGlob(pattern: string, baseFolder: string): string[] {
  const path = resolve(baseFolder, pattern);
  const parts = path.split(/[\\/]/);
  const fixed = parts.findIndex((part) => /[*?[]/.test(part));
  const found = walk(parts.slice(0, fixed).join('/') || '/', parts.slice(fixed));
  if (found.length > 0) return found.sort(byName);
  throw new InputError('names no file', {
    where: pattern,
    next: 'check the pattern; quote it for the shell',
  });
}

function walk(folder: string, [part, ...rest]: string[]): string[] {
  if (part === undefined) return [];
  let entries: import('node:fs').Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw unreadable(folder, error);
  }
  if (part === '**') {
    const below = entries.flatMap((entry) =>
      entry.isDirectory() ? walk(join(folder, entry.name), [part, ...rest]) : [],
    );
    return [...walk(folder, rest), ...below];
  }
  const matches = pattern(part);
  return entries.flatMap((entry) => {
    if (!matches(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return rest.length > 0 ? walk(path, rest) : [];
    return rest.length === 0 ? [path] : [];
  });
}

function pattern(part: string): (name: string) => boolean {
  const source = part
    .replaceAll(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`);
  return (name) => !name.startsWith('.') && expression.test(name);
}

/** `part-2` before `part-10`. */
export function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** Names that say that a file is one of several: `train-00000-of-00002.parquet`, `shard_1_of_4.npy`. */
const SHARD = /^(.*?)[-_.]?0*(\d+)[-_.]of[-_.]0*(\d+)(.*)$/i;

/** What to say of files whose names say that there are more of them. */
export function shardWarnings(paths: readonly string[]): string[] {
  const sets = new Map<string, { of: number; have: Set<number>; first: string }>();
  for (const path of paths) {
    const [, stem, index, of, rest] = SHARD.exec(basename(path)) ?? [];
    if (of === undefined || Number(of) < 2) continue;
    const key = `${dirname(path)}/${stem}|${of}|${rest}`;
    const known = sets.get(key) ?? { of: Number(of), have: new Set<number>(), first: path };
    sets.set(key, known);
    known.have.add(Number(index));
  }
  return [...sets.values()].flatMap(({ of, have, first }) => {
    if (have.size >= of) return [];
    const stem = basename(first).replace(/0*\d+[-_.]of[-_.]\d+/i, '*');
    return [
      `${basename(first)} is one of ${of} files by its name, and ${have.size === 1 ? 'it alone is' : `${have.size} of them are`} read: the others are missing from every figure (give all of them: "${join(dirname(first), stem)}")`,
    ];
  });
}

/** The points, queries and what goes with them, in a folder without a description. */
export interface FolderLayout {
  name: string;
  points: string[];
  metadata?: string | undefined;
  queries?: string[] | undefined;
  qrels?: string | undefined;
  neighbors?: string | undefined;
}

/** Recognises how a folder is laid out: by names that its makers' tools always give. */
export function folderLayout(folder: string): FolderLayout | undefined {
  const list = (at: string) => {
    try {
      return readdirSync(at).sort(byName);
    } catch {
      // There is no such folder.
      return [];
    }
  };
  const names = list(folder);
  const pick = (...candidates: string[]) => {
    const name = candidates.find((each) => names.includes(each));
    return name === undefined ? undefined : join(folder, name);
  };
  if (names.includes('vectors.npy')) {
    const tests = pick('tests.jsonl', 'queries.jsonl', 'queries.npy');
    return {
      name: 'payloads',
      points: [join(folder, 'vectors.npy')],
      metadata: pick('payloads.jsonl', 'payloads.jsonl.gz'),
      queries: tests === undefined ? undefined : [tests],
    };
  }
  const corpus = pick('corpus.jsonl', 'corpus.jsonl.gz', 'corpus.parquet');
  if (corpus !== undefined) {
    const queries = pick('queries.jsonl', 'queries.jsonl.gz', 'queries.parquet');
    const judged = list(join(folder, 'qrels'));
    const qrels = ['test.tsv', 'test.tsv.gz', 'dev.tsv', 'train.tsv'].find((name) => judged.includes(name));
    return {
      name: 'beir',
      points: [corpus],
      queries: queries === undefined ? undefined : [queries],
      qrels: qrels === undefined ? undefined : join(folder, 'qrels', qrels),
    };
  }
  return splitLayout(folder, names) ?? splitLayout(join(folder, 'data'), list(join(folder, 'data')));
}

/** `train-00000-of-00002.parquet` of Hugging Face, `train.parquet` and `test.parquet` of VectorDBBench. */
function splitLayout(folder: string, names: readonly string[]): FolderLayout | undefined {
  const split = (pattern: RegExp) =>
    names
      .filter((name) => pattern.test(name) && formatOf(name) !== undefined)
      .map((name) => join(folder, name));
  const points = split(/^(shuffle[-_])?(train|corpus|base|passages|documents)[-_.]/i);
  if (points.length > 0) {
    const queries = split(/^(test|queries|query)[-_.]/i);
    const [neighbors] = split(/^neighbors\./i);
    return {
      name: 'splits',
      points: onlyOneKind(points),
      queries: queries.length > 0 ? queries : undefined,
      neighbors,
    };
  }
  const shards = names.filter(
    (name) => formatOf(name) !== undefined && /(^|[-_.])(part[-_]?)?\d{2,}/.test(name),
  );
  return shards.length > 1
    ? { name: 'shards', points: onlyOneKind(shards.map((name) => join(folder, name))) }
    : undefined;
}

/** VectorDBBench has the same points once in order and once shuffled. */
function onlyOneKind(paths: readonly string[]): string[] {
  const plain = paths.filter((path) => !/^shuffle/i.test(basename(path)));
  return plain.length > 0 ? plain : [...paths];
}
