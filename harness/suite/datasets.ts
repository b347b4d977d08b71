import { basename } from 'node:path';
import type { Fault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
import { fileEnding } from '../../datasets/formats/registry.js';
import type { GateSet } from '../gate/gates.js';
import type { DatasetBlock, Suite } from './schema.js';

/** A dataset of a suite; its name in rows, gates and reports is the dataset's own where none is given. */
export type DeclaredDataset = Omit<DatasetBlock, 'path'> & {
  path: string;
  /** Further files, where the path is a list. */
  more?: string[] | undefined;
};
/** One of a list: told from the others by its name, which is known before it is opened. */
export type ListedDataset = DeclaredDataset & { name: string };

/** The datasets of a suite that was checked: those of `datasets:` with their names, else the one of `dataset:`. */
export function declaredDatasets({ dataset, datasets }: Suite): DeclaredDataset[] {
  if (datasets !== undefined) return datasets.map(listed);
  return [blockOf(dataset!)];
}

function blockOf(entry: string | DatasetBlock): DeclaredDataset {
  if (typeof entry === 'string') return { path: entry };
  const [path, ...more] = [entry.path].flat();
  return { ...entry, path: path!, ...(more.length > 0 && { more }) };
}

function listed(entry: string | DatasetBlock): ListedDataset {
  const block = blockOf(entry);
  return { ...block, name: block.name ?? nameOf(block.path) };
}

/** Of a file or folder the last part of its path, without the ending; a name of the catalog is itself. */
function nameOf(path: string): string {
  const last = basename(path);
  const ending = fileEnding(last);
  return ending === undefined ? last : last.slice(0, -ending.length);
}

/**
 * What is wrong with `dataset:` and `datasets:` beyond the shape of each: both or none, two of one name, gates that name a
 * dataset that the list has not.
 * @param json the suite as written, variables resolved
 * @param suite undefined where its shape is wrong: then only what needs no shape is told
 */
export function datasetFaults(json: unknown, suite: Suite | undefined): Fault[] {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return [];
  const [one, several] = [Object.hasOwn(json, 'dataset'), Object.hasOwn(json, 'datasets')];
  if (!one && !several) return [{ path: ['dataset'], what: 'is required' }];
  if (one && several) {
    return [
      { path: ['datasets'], what: 'cannot stand beside dataset', next: 'keep one of the two', inKey: true },
    ];
  }
  return suite?.datasets === undefined ? [] : sameNames(suite.datasets);
}

function sameNames(entries: NonNullable<Suite['datasets']>): Fault[] {
  const names = entries.map((entry) => listed(entry).name.toLowerCase());
  return entries.flatMap((entry, i) => {
    const first = names.indexOf(names[i]!);
    if (first === i) return [];
    const same = blockOf(entries[first]!).path === blockOf(entry).path && named(entry) === undefined;
    const fault = { path: ['datasets', i], got: listed(entry).name };
    if (same) return [{ ...fault, what: 'is listed twice' }];
    const next = 'give it one of its own, as in { path: …, name: … }';
    return [{ ...fault, what: `has the name of datasets[${first}]`, next }];
  });
}

const named = (entry: string | DatasetBlock): string | undefined => blockOf(entry).name;

/** Gates that select a dataset that the suite's list has not. Of a single dataset the name is known once it is open. */
export function datasetSelectorFaults(gates: GateSet, suite: Suite): Fault[] {
  if (suite.datasets === undefined) return [];
  const names = declaredDatasets(suite).map(({ name }) => name!);
  return gates.gates.flatMap(({ selectors, name }) => {
    const wanted = selectors.find(({ key }) => key === 'dataset')?.value;
    if (wanted === undefined || names.includes(wanted)) return [];
    const what = suggest(`selects the dataset "${wanted}", which the suite does not list`, wanted, names);
    return [{ path: ['gates', name.slice(0, name.indexOf('}') + 1)], inKey: true, what }];
  });
}
