import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import { fileFailure, makeFolder, writeFileAtomic } from '../../common/files.js';
import { openDataset } from '../../datasets/open.js';
import { prepareMetadata } from '../../datasets/prepare.js';
import { askedOf } from '../model/depths.js';
import type { Samples } from '../model/samples.js';
import { readEvents } from '../store/event-log.js';
import { readManifest } from '../store/manifests.js';
import { readRunQueries } from '../store/queries.js';
import { type RunFolder, samplesFile } from '../store/run-folder.js';
import { readSamples } from '../store/samples.js';
import type { Context } from './context.js';
import { openOptions } from './dataset-options.js';

/**
 * Writes `trec/<trial>.run` for every completed trial: the first pass, one line a hit (query Q0 document rank score tag).
 * The score is 1 / rank: engines' own scores tie and differ in direction, and TREC tools rank by score alone. A row that
 * comes again is left out, as the format wants. Document ids come from the dataset, which must still be there.
 *
 * @returns number of files
 * @throws InputError if the dataset is another than the run was measured on
 */
export async function writeTrecRuns(folder: RunFolder, context: Context): Promise<number> {
  const manifest = readManifest(folder);
  const { ids } = readRunQueries(folder);
  const documents = await documentIds(folder, context);
  const target = join(folder.path, 'trec');
  try {
    makeFolder(target);
  } catch (error) {
    throw fileFailure(target, 'the folder for TREC runs cannot be made', error);
  }
  const states = new Map(
    readEvents(folder).flatMap((event) =>
      event.type === 'trialEnd' ? [[event.trial, event.state] as const] : [],
    ),
  );
  const completed = manifest.plan
    .flatMap(({ trials }) => trials)
    .filter(({ id }) => states.get(id) === 'completed');
  for (const trial of completed) {
    const { id } = trial;
    const samples = await readSamples(samplesFile(folder, id), askedOf(trial, manifest.ks), ['scores'], {
      queries: ids.length,
      points: documents.length,
    });
    writeFileAtomic(join(target, `${id}.run`), trecRun(samples, ids, documents, id));
  }
  return completed.length;
}

async function documentIds(folder: RunFolder, { cwd, cache, signal }: Context): Promise<readonly string[]> {
  const { dataset: measured, datasetOptions } = readManifest(folder);
  const { nameOrPath } = datasetOptions;
  const dataset = await openDataset(nameOrPath, {
    baseFolder: cwd,
    cacheFolder: cache,
    signal,
    ...openOptions(datasetOptions),
  });
  try {
    if (dataset.info.hash !== measured.hash) {
      throw new InputError('the dataset has changed since this run was measured: its ids may be others', {
        where: nameOrPath,
        next: `restore the dataset with hash ${measured.hash.slice(0, 12)}…`,
      });
    }
    const points = await prepareMetadata(dataset, [], { cacheFolder: cache, signal });
    const { ids } = points.read(0, points.count);
    points.close();
    return ids;
  } finally {
    await dataset.close();
  }
}

/** The first pass of a trial in TREC format. Ids with spaces cannot be written there. */
export function trecRun(
  samples: Samples,
  queries: readonly string[],
  documents: readonly string[],
  tag: string,
): string {
  const lines: string[] = [];
  for (let i = 0; i < samples.length; i++) {
    if (samples.repetition[i] !== 0 || samples.returned[i]! <= 0) continue;
    const rows = new Set(samples.rows.subarray(i * samples.k, i * samples.k + samples.returned[i]!));
    let rank = 0;
    for (const row of rows) {
      if (row < 0) continue;
      rank++;
      const [query, document] = [word(queries[samples.query[i]!]!), word(documents[row]!)];
      lines.push(`${query} Q0 ${document} ${rank} ${1 / rank} ${tag}\n`);
    }
  }
  return lines.join('');
}

function word(id: string): string {
  if (/^\S+$/.test(id)) return id;
  throw new InputError('an id with white space cannot be written in TREC format', {
    where: 'report --format trec',
    got: id,
  });
}
