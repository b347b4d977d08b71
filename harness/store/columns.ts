import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import type { Column } from '../gate/changes.js';
import { accuracyOf } from '../measures/accuracy.js';
import { unitsOf } from '../measures/units.js';
import { readTruth } from '../truth/files.js';
import { type RunFolder, readManifest } from './run-folder.js';
import { readSamples } from './samples.js';

/**
 * Measures by query of some trials of a run, from its raw samples: by trial id, then by the measure's name. Only means
 * over queries have such values.
 */
export async function readColumns(
  folder: RunFolder,
  trials: readonly string[],
): Promise<Map<string, Map<string, Column>>> {
  const columns = new Map<string, Map<string, Column>>();
  if (trials.length === 0) return columns;
  const { ks, dataset } = readManifest(folder);
  const truth = await readTruth(folder.truth);
  for (const trial of trials) {
    const path = join(folder.samples, `${trial}.parquet`);
    if (!existsSync(path)) {
      throw new InputError('the samples of a completed trial are missing', {
        where: path,
        next: 'restore the file from a copy of the run, or measure again',
      });
    }
    const samples = await readSamples(path, ks.at(-1)!, ['scores', 'due', 'sent', 'answered']);
    const units = unitsOf(samples);
    const { figures } = accuracyOf(samples, truth, units, { ks, metric: dataset.metric });
    const byName = new Map<string, Column>();
    for (const { name, numerators, denominators } of figures) {
      byName.set(name, {
        queries: units.queries,
        values: numerators.map((above, u) => above / denominators[u]!),
      });
    }
    columns.set(trial, byName);
  }
  return columns;
}
