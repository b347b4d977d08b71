import { existsSync } from 'node:fs';
import { InputError } from '../../common/errors.js';
import { accuracyOf } from '../measures/accuracy.js';
import { type Column, columnsByName } from '../measures/by-query.js';
import { countedHits, groupsOf } from '../measures/groups.js';
import { relevanceFigures } from '../measures/judged.js';
import { deriveUnderWrites } from '../measures/trial-under-writes.js';
import { unitsOf } from '../measures/units.js';
import { askedOf, depthsOf } from '../model/depths.js';
import { changesCollection, SERIAL } from '../model/workload.js';
import type { ColumnsOfTrials } from '../store/by-query.js';
import { readManifest } from '../store/manifests.js';
import { readJudgements, readQueryFacts } from '../store/queries.js';
import { type RunFolder, samplesFile } from '../store/run-folder.js';
import { readSamples } from '../store/samples.js';
import { readWrites } from '../store/writes.js';
import { readTruth } from '../truth/files.js';
import { insertsOf } from './trial-rows.js';

/**
 * Measures by query of some trials of a run, from its raw samples: by trial id, then by the measure's name. Only means
 * over queries have such values.
 */
export async function readColumns(folder: RunFolder, trials: readonly string[]): Promise<ColumnsOfTrials> {
  const columns = new Map<string, ReadonlyMap<string, Column>>();
  if (trials.length === 0) return columns;
  const { ks: all, dataset, plan } = readManifest(folder);
  const planned = new Map(plan.flatMap((build) => build.trials.map((trial) => [trial.id, trial] as const)));
  const truth = await readTruth(folder.truth);
  const judgements = readJudgements(folder);
  const facts = readQueryFacts(folder);
  for (const trial of trials) {
    const path = samplesFile(folder, trial);
    if (!existsSync(path)) {
      throw new InputError('the samples of a completed trial are missing', {
        where: path,
        next: 'restore the file from a copy of the run, or measure again',
      });
    }
    const about = planned.get(trial) ?? {};
    const ks = depthsOf(about, all);
    const changes = changesCollection(planned.get(trial)?.workload ?? SERIAL);
    const written = changes ? await readWrites(folder, trial) : undefined;
    const without = written === undefined ? (['scores', 'due', 'sent', 'answered'] as const) : [];
    const samples = await readSamples(path, askedOf(about, all), without, {
      queries: truth.count,
      points: dataset.count + insertsOf(written?.log),
    });
    if (written !== undefined) {
      const own = deriveUnderWrites(samples, truth, { ks, metric: dataset.metric, facts }, written);
      columns.set(trial, own.columns);
      continue;
    }
    const units = unitsOf(samples);
    const counted = countedHits(samples, ks, facts);
    const { figures } = accuracyOf(counted, truth, units, { ks, metric: dataset.metric });
    const judged = judgements === undefined ? [] : relevanceFigures(samples, units, judgements, ks, facts);
    columns.set(trial, columnsByName(units.queries, [...figures, ...judged]));
  }
  return columns;
}

/** Queries of each group and band of a run, by the name that its rows have. Empty where no query has a group. */
export function groupQueries(folder: RunFolder): Map<string, Set<number>> {
  const facts = readQueryFacts(folder);
  if (facts === undefined) return new Map();
  const { count } = readManifest(folder).dataset;
  return new Map(groupsOf(facts, count).map(({ name, queries }) => [name, queries]));
}

/** The values of some queries alone. */
export function columnOfQueries(column: Column, queries: ReadonlySet<number>): Column {
  const kept = Array.from(column.queries.keys()).filter((i) => queries.has(column.queries[i]!));
  return {
    queries: Int32Array.from(kept, (i) => column.queries[i]!),
    values: Float64Array.from(kept, (i) => column.values[i]!),
  };
}
