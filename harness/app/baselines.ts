import { InputError } from '../../common/errors.js';
import type { Manifest } from '../model/manifest.js';
import { setBaseline } from '../store/baselines.js';
import { changedFiles } from '../store/checksums.js';
import { readEvents } from '../store/event-log.js';
import { readDatasetsManifest, readManifest } from '../store/manifests.js';
import { findRun, type RunFolder } from '../store/run-folder.js';
import type { Context } from './context.js';

/**
 * Names runs that gates compare with; several are builds of the same state.
 * @returns ids of the runs
 * @throws InputError for a run that is not whole, or runs that do not belong together
 */
export function nameBaseline(
  name: string,
  references: readonly string[],
  { runs }: Pick<Context, 'runs'>,
): string[] {
  const folders = references.map((each) => findRun(each, runs));
  checkAll(folders, runs);
  setBaseline(runs, name, folders, new Date());
  return folders.map(({ id }) => id);
}

/** Of runs over several datasets the parts on each dataset belong together. */
function checkAll(folders: readonly RunFolder[], runs: string): void {
  const datasets = folders.map((folder) => readDatasetsManifest(folder)?.datasets ?? []);
  const names = new Set(datasets.flat().map(({ name }) => name));
  if (names.size === 0) {
    alike(folders.map(usable), folders);
    return;
  }
  for (const name of names) {
    const parts = folders.map((folder, i) => {
      const found = datasets[i]!.find((each) => each.name === name);
      if (found !== undefined) return findRun(`${folder.path}/${found.folder}`, runs);
      throw new InputError(`this run has no dataset "${name}"`, {
        where: folder.path,
        next: 'give runs of the same suite on the same datasets, each once',
      });
    });
    alike(parts.map(usable), parts);
  }
}

/** A run that did not finish would make gates fail for lack of data, night after night. */
function usable(folder: RunFolder): Manifest {
  const [change] = changedFiles(folder);
  if (change !== undefined) {
    throw new InputError(`this run cannot be compared with: ${change}`, {
      where: folder.path,
      next: 'restore the file from a copy of the run, or give another run',
    });
  }
  const manifest = readManifest(folder);
  const last = readEvents(folder).at(-1);
  if (last?.type === 'runEnd' && last.state === 'completed' && manifest.shard === undefined) return manifest;
  throw new InputError(
    manifest.shard === undefined ? 'this run did not complete' : 'this run is a shard, a part of a run',
    {
      where: folder.path,
      next:
        manifest.shard === undefined
          ? `continue it first: vecproof run --resume ${folder.id}`
          : 'merge all shards first: vecproof merge <run> <run> …',
    },
  );
}

/** Several builds of a baseline must be of the same data, queries and depths; each run counts once. */
function alike(manifests: readonly Manifest[], folders: readonly RunFolder[]): void {
  const key = ({ dataset, queries, ks }: Manifest) =>
    JSON.stringify([dataset.hash, dataset.metric, queries.hash, ks]);
  const other = manifests.findIndex((each) => key(each) !== key(manifests[0]!));
  const twice = folders.findIndex(({ path }, i) => folders.findIndex((each) => each.path === path) !== i);
  if (other < 0 && twice < 0) return;
  const what =
    other < 0
      ? 'this run is given twice'
      : 'this run has another dataset, metric, queries or k than the first';
  throw new InputError(what, {
    where: folders[other < 0 ? twice : other]!.path,
    next: 'give runs of the same suite on the same data, each once',
  });
}
