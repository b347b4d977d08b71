import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../common/files.js';
import type { PointId } from '../../engines/contract/ids.js';
import { type Samples, type Truth, UNKNOWN_KEY } from '../../harness/model/samples.js';
import { type RunFolder, samplesFile } from '../../harness/store/run-folder.js';
import { pickSamples, readSamples, writeSamples } from '../../harness/store/samples.js';
import type { Side } from './side.js';

/** What was written to the source since the moment of which the truth is. */
export interface Meanwhile {
  /** Numbers of rows that were changed or deleted. */
  rows: ReadonlySet<number>;
  /** Answers may hold ids that the truth does not know, and all of these were written meanwhile. */
  isUnknownNew: boolean;
}

/** @param ids of the source; `rows` are its points, each at its row's number */
export function meanwhileOf(
  ids: ReadonlySet<PointId>,
  rows: readonly PointId[],
  { source, target }: Readonly<Record<'source' | 'target', Pick<Side, 'strange'>>>,
  idOf: (id: PointId) => PointId,
): Meanwhile {
  const theirs = new Set([...ids].map(idOf));
  const isNew =
    [...source.strange].every((id) => ids.has(id)) && [...target.strange].every((id) => theirs.has(id));
  return {
    rows: new Set(rows.flatMap((id, row) => (ids.has(id) ? [row] : []))),
    isUnknownNew: isNew,
  };
}

/** Below `samples`: what was asked, and cannot be judged. */
const FOLDER = 'apart';

/**
 * Queries of which a right answer, or one that somebody gave, was written meanwhile: their truth is of another moment than
 * their answers. A row that is in neither changes nothing about them.
 */
export function touchedQueries(
  truth: Truth,
  k: number,
  answers: readonly Pick<Samples, 'length' | 'k' | 'query' | 'rows'>[],
  { rows, isUnknownNew }: Meanwhile,
): ReadonlySet<number> {
  const touched = new Set<number>();
  const isTouched = (row: number) => (row >= 0 && rows.has(row)) || (isUnknownNew && row === UNKNOWN_KEY);
  const depth = Math.min(k, truth.depth);
  for (let query = 0; query < truth.count; query++)
    if (truth.rows.subarray(query * truth.depth, query * truth.depth + depth).some(isTouched))
      touched.add(query);
  for (const { length, k: width, query, rows: found } of answers)
    for (let i = 0; i < length; i++)
      if (found.subarray(i * width, (i + 1) * width).some(isTouched)) touched.add(query[i]!);
  return touched;
}

/**
 * Puts the answers to such queries aside, of every trial alike; what is derived is derived of the others.
 * @returns their numbers
 */
export async function setAside(
  folder: RunFolder,
  trials: readonly string[],
  truth: Truth,
  k: number,
  meanwhile: Meanwhile,
): Promise<ReadonlySet<number>> {
  const there = trials.filter((id) => existsSync(samplesFile(folder, id)));
  const answers: Samples[] = [];
  for (const id of there) answers.push(await readSamples(samplesFile(folder, id), k));
  const touched = touchedQueries(truth, k, answers, meanwhile);
  if (touched.size === 0) return touched;
  makeFolder(join(folder.samples, FOLDER));
  for (const [i, id] of there.entries()) {
    const all = answers[i]!;
    const entries = (wanted: boolean) =>
      Array.from(all.query.keys()).filter((at) => touched.has(all.query[at]!) === wanted);
    writeSamples(join(folder.samples, FOLDER, `${id}.parquet`), pickSamples(all, entries(true)));
    writeSamples(samplesFile(folder, id), pickSamples(all, entries(false)));
  }
  return touched;
}
