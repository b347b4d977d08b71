import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InputError } from '../../common/errors.js';
import { unreadable } from '../../datasets/check.js';
import { ENDINGS, formatOf } from '../../datasets/formats/registry.js';
import { byName, expandGlob, folderLayout, isGlob, shardWarnings } from '../../datasets/paths.js';
import type { FileParameters } from './address.js';
import { withMetadata } from './beside.js';
import { hnswlibRows, isHnswlib } from './hnswlib.js';
import { parquetRows } from './parquet-rows.js';
import { isRecordFile, recordRows } from './record-rows.js';
import type { FileRows } from './rows.js';
import { tableRows } from './table-rows.js';
import { isUsearch, usearchRows } from './usearch.js';
import { isVdf, vdfRows } from './vdf.js';

export interface Finding {
  cwd: string;
  cacheFolder: string;
  parameters: FileParameters;
  /** Behind `#`: an index of a VDF folder. */
  part: string | undefined;
}

/** The rows of what a path names: a file, a pattern, or a folder. Throws InputError. */
export async function findRows(path: string, finding: Finding): Promise<FileRows> {
  const { cwd, parameters, part } = finding;
  const place = resolve(cwd, path);
  if (isGlob(place)) return rowsOf(expandGlob(place, cwd), finding);
  let isFolder: boolean;
  try {
    isFolder = statSync(place).isDirectory();
  } catch (error) {
    throw unreadable(place, error);
  }
  if (isFolder && isVdf(place)) return vdfRows(place, part);
  if (part !== undefined)
    throw new InputError('has no parts that are named behind "#"', { where: path, got: part });
  const files: Files = isFolder ? folderFiles(place) : { points: [place] };
  const metadata = parameters.metadata === undefined ? files.metadata : resolve(cwd, parameters.metadata);
  const rows = await rowsOf(files.points, finding);
  return metadata === undefined ? rows : withMetadata(rows, await recordOrParquet([metadata], finding));
}

interface Files {
  points: readonly string[];
  metadata?: string | undefined;
}

/** Files of a folder that are one collection: by a known layout, or all of one format. */
function folderFiles(folder: string): Files {
  const layout = folderLayout(folder);
  if (layout !== undefined) return { points: layout.points, metadata: layout.metadata };
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.') && formatOf(entry.name) !== undefined)
    .map(({ name }) => name)
    .sort(byName);
  const formats = new Map<string, string[]>();
  for (const name of names) {
    const format = formatOf(name)!.name;
    formats.set(format, [...(formats.get(format) ?? []), join(folder, name)]);
  }
  if (formats.size === 1) return { points: [...formats.values()][0]! };
  const tables = names.filter((name) => !isRecordFile(name) && formatOf(name)!.name !== 'parquet');
  const others = names.filter((name) => !tables.includes(name));
  if (tables.length === 1 && others.length === 1)
    return { points: [join(folder, tables[0]!)], metadata: join(folder, others[0]!) };
  throw new InputError('holds files of several kinds, or none that are read', {
    where: folder,
    got: names,
    next: `name one file or a pattern ("data/*.parquet"); read are ${ENDINGS.join(', ')}, hnswlib and usearch indexes`,
  });
}

async function rowsOf(paths: readonly string[], finding: Finding): Promise<FileRows> {
  const [first] = paths;
  const rows = await formatRows(paths, first!, finding);
  return { ...rows, notes: [...rows.notes, ...shardWarnings(paths)] };
}

async function formatRows(paths: readonly string[], first: string, finding: Finding): Promise<FileRows> {
  const { format } = finding.parameters;
  const known = formatOf(first)?.name;
  if (format === 'usearch' || (known === undefined && isUsearch(first))) return usearchRows(first);
  if (format === 'hnswlib' || ((known === undefined || known === 'bin') && isHnswlib(first)))
    return hnswlibRows(first);
  if (known === undefined)
    throw new InputError('is no file of vectors that is read', {
      where: first,
      next: `use one of ${ENDINGS.join(', ')}, or an index of hnswlib or usearch`,
    });
  if (known === 'parquet' || isRecordFile(first)) return recordOrParquet(paths, finding);
  if (paths.length > 1)
    throw new InputError('several tables of numbers are not one collection', {
      where: first,
      next: 'name one of them',
    });
  return tableRows(first, known, finding.cacheFolder);
}

function recordOrParquet(paths: readonly string[], { parameters, cacheFolder }: Finding): Promise<FileRows> {
  for (const path of paths) if (!existsSync(path)) throw unreadable(path, new Error('it is not there'));
  return formatOf(paths[0]!)?.name === 'parquet'
    ? parquetRows(paths)
    : recordRows(paths, parameters, cacheFolder);
}
