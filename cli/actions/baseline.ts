import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import type { Manifest } from '../../harness/model/manifest.js';
import { DEFAULT_BASELINE, listBaselines, setBaseline } from '../../harness/store/baselines.js';
import { findRun, type RunFolder, readEvents, readManifest } from '../../harness/store/run-folder.js';
import type { CommandContext } from '../context.js';
import { table } from '../table.js';

/** `vecproof baseline set <run>… --name main` and `vecproof baseline list`. */
export async function baselineCommand(
  action: string,
  references: readonly string[],
  options: { name: string },
  context: CommandContext,
): Promise<ExitCode> {
  if (action === 'list') return list(context);
  if (action !== 'set') {
    throw new InputError('unknown action', { where: 'baseline', got: action, next: 'use set or list' });
  }
  if (references.length === 0) {
    throw new InputError('no run was given', { where: 'baseline set', next: 'vecproof baseline set <run>' });
  }
  const folders = references.map((each) => findRun(each, context.runs));
  alike(folders.map(usable), folders);
  setBaseline(context.runs, options.name, folders, new Date());
  context.out.write(`baseline "${options.name}" is ${folders.map(({ id }) => id).join(', ')}\n`);
  return EXIT.passed;
}

/** A run that did not finish would make gates fail for lack of data, night after night. */
function usable(folder: RunFolder): Manifest {
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

function list(context: CommandContext): ExitCode {
  const rows = listBaselines(context.runs).map(({ name, runs, set }) => ({
    baseline: name === DEFAULT_BASELINE ? `${name} (default)` : name,
    runs: runs.join(', '),
    set,
  }));
  context.out.write(rows.length === 0 ? 'no baselines yet\n' : table(rows));
  return EXIT.passed;
}
