import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
import type { Format } from '../formats/format.js';
import { withoutPacking } from '../formats/packed.js';
import { FORMATS, fileEnding, formatOf } from '../formats/registry.js';
import { packingByName } from '../formats/sink.js';

/** Where a conversion goes. */
export type Target =
  | { kind: 'judgements'; path: string; layout: 'trec' | 'beir' }
  | { kind: 'file'; path: string; format: Format }
  | { kind: 'folder'; path: string; format: Format; layout: 'described' | 'beir' };

const BEIR = 'beir';

/** Names of what a folder can be written as. */
export const FOLDER_FORMATS: readonly string[] = [...FORMATS.map(({ name }) => name), BEIR];

/**
 * What a path names: judgements (`.qrels`, `.qrels.tsv`), a file of a format by its ending, else a folder.
 * @param chosen `--format`: of a folder's files
 * @throws InputError for an ending or a format that is not known
 */
export function targetOf(path: string, chosen: string | undefined): Target {
  const plain = withoutPacking(path).toLowerCase();
  if (/\.qrels(\.txt|\.trec)?$/.test(plain)) return { kind: 'judgements', path, layout: 'trec' };
  if (plain.endsWith('.qrels.tsv')) return { kind: 'judgements', path, layout: 'beir' };
  const isFolder = /[/\\]$/.test(path) || (existsSync(path) && statSync(path).isDirectory());
  const format = isFolder ? undefined : formatOf(path);
  if (format !== undefined) {
    if (chosen !== undefined && chosen !== format.name) {
      throw new InputError(`the ending of the name says ${format.name}, --format ${chosen}`, {
        where: path,
        next: 'leave --format out, or name a folder (end it with /)',
      });
    }
    if (format.name === 'hdf5' && packingByName(path) !== undefined)
      throw new InputError('HDF5 is not written packed', {
        where: path,
        next: 'leave the packing out of the name',
      });
    return { kind: 'file', path, format };
  }
  if (!isFolder && /\.[a-z]\w{1,7}$/i.test(basename(plain)) && chosen === undefined)
    throw unknownEnding(path);
  return folder(path.replace(/[/\\]+$/, ''), chosen ?? 'parquet');
}

function folder(path: string, name: string): Target {
  if (name === BEIR)
    return { kind: 'folder', path, format: FORMATS.find((each) => each.name === 'jsonl')!, layout: 'beir' };
  const format = FORMATS.find((each) => each.name === name);
  if (format !== undefined) return { kind: 'folder', path, format, layout: 'described' };
  throw new InputError(suggest(`there is no format "${name}"`, name, FOLDER_FORMATS, ''), {
    where: '--format',
    next: `use one of ${FOLDER_FORMATS.join(', ')}`,
  });
}

function unknownEnding(path: string): InputError {
  const endings = FORMATS.flatMap(({ endings }) => endings);
  return new InputError('is not a format that is written here', {
    where: path,
    next: `end the name with one of ${endings.join(', ')}, .qrels, .qrels.tsv; or name a folder (end it with /)`,
  });
}

/** Where the queries of a file go: as readers look for them. `x_base.fvecs` is of TEXMEX' kind. */
export function queriesBeside(path: string): string {
  const ending = fileEnding(path)!;
  const stem = path.slice(0, -ending.length);
  return stem.endsWith('_base')
    ? `${stem.slice(0, -'_base'.length)}_query${ending}`
    : `${stem}.queries${ending}`;
}

/** @param ending of the file of neighbours */
export function neighborsBeside(path: string, ending: string): string {
  const stem = basename(path).slice(0, -fileEnding(path)!.length);
  const name = stem.endsWith('_base') ? `${stem.slice(0, -'_base'.length)}_groundtruth` : `${stem}.neighbors`;
  return join(dirname(path), `${name}${ending}`);
}

export function judgementsBeside(path: string): string {
  return `${path.slice(0, -fileEnding(path)!.length)}.qrels.tsv`;
}
