import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { suggest } from '../common/nearest.js';
import { INVALID_KINDS, type InvalidKind, METRICS, type Metric } from '../datasets/dataset.js';
import type { DatasetOptions } from '../harness/app/dataset-options.js';

/** What a user says on the command line of how a dataset is to be read. */
export interface DatasetArguments {
  id?: string;
  vector?: string;
  text?: string;
  metric?: Metric;
  queries?: string;
  qrels?: string;
  neighbors?: string;
  skipInvalid?: InvalidKind[];
}

/** The options of every command that opens a dataset by name or path. */
export function addDatasetOptions(command: Command): Command {
  return command
    .option(
      '--id <column>',
      'column of the points’ ids, or row-number (default: the first of the known names)',
    )
    .option(
      '--vector <column>',
      'column of the vectors; payload.vec, emb_* (default: the first of the known names)',
    )
    .option('--text <column>', 'column of the points’ text')
    .addOption(new Option('--metric <name>', 'overrides the dataset’s').choices(METRICS))
    .option('--queries <file>', 'file with the queries, for datasets that have none')
    .option('--qrels <file>', 'relevance judgements of these queries, in TREC’s or BEIR’s format')
    .option(
      '--neighbors <file>',
      'exact neighbours of these queries by row (.ivecs, .ibin, .bin, npy): compared with the truth',
    )
    .option(
      '--skip-invalid <kinds>',
      'leave such vectors out and count them: zero (under cosine), non-finite; separated by commas',
      invalidKinds,
    );
}

/** For use cases; paths start at the working directory. */
export function datasetOptionsOf(given: DatasetArguments, cwd: string): DatasetOptions {
  const { id, vector, text, metric, queries, qrels, neighbors, skipInvalid } = given;
  const chosen = [id, vector, text].some((name) => name !== undefined);
  return {
    metric: metric ?? null,
    queriesFile: queries === undefined ? null : resolve(cwd, queries),
    qrelsFile: qrels === undefined ? undefined : resolve(cwd, qrels),
    neighborsFile: neighbors === undefined ? undefined : resolve(cwd, neighbors),
    columns: chosen ? { id, vector, text } : undefined,
    skipInvalid,
  };
}

function invalidKinds(text: string): InvalidKind[] {
  return text.split(',').map((part) => {
    const kind = INVALID_KINDS.find((each) => each === part.trim());
    if (kind !== undefined) return kind;
    throw new InvalidArgumentError(suggest(`there is no kind "${part.trim()}"`, part.trim(), INVALID_KINDS));
  });
}
