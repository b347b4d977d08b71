import { InputError } from '../../common/errors.js';
import { type DerivedRun, deriveRun, storeResults } from '../derive/run.js';
import type { Verdicts } from '../model/verdict.js';
import { appendHistory, historyLine, readHistory } from '../store/history.js';
import { readManifest } from '../store/manifests.js';
import type { RunFolder } from '../store/run-folder.js';
import { readVerdicts } from '../store/verdicts.js';
import type { Context } from './context.js';
import { judgeDatasets } from './judge-datasets.js';
import { type JudgeOptions, judgeRun } from './judge-run.js';

/** What the gates of a run say of it. */
export type Judgement =
  /** Undefined: there are no gates. */
  | { state: 'judged'; verdicts: Verdicts | undefined }
  /** A run that was interrupted is not judged yet, a shard never: the merged run is. */
  | { state: 'not judged' }
  /** Judging was impossible, or could not be recorded. What was measured is worth its report all the same. */
  | { state: 'failed'; error: unknown };

/** Derives, stores and judges a run that has just been measured or merged, and adds it to the history. */
export async function concludeRun(
  folder: RunFolder,
  options: JudgeOptions,
  context: Context,
): Promise<{ run: DerivedRun; judgement: Judgement }> {
  const run = await deriveRun(folder);
  storeResults(run);
  if (context.signal.aborted || shardOf(run) !== undefined)
    return { run, judgement: { state: 'not judged' } };
  try {
    const verdicts = await judgeDerived(run, options, context);
    remember(run, context);
    return { run, judgement: { state: 'judged', verdicts } };
  } catch (error) {
    return { run, judgement: { state: 'failed', error } };
  }
}

/**
 * Judges a stored run and adds it to the history; nothing is measured.
 * @throws InputError for a shard, where datasets are missing, and as `judgeRun`
 */
export async function judgeStored(
  folder: RunFolder,
  options: JudgeOptions,
  context: Context,
): Promise<{ run: DerivedRun; verdicts: Verdicts | undefined }> {
  const run = await deriveRun(folder);
  requireWhole(run);
  const verdicts = await judgeDerived(run, options, context);
  if (verdicts !== undefined) remember(run, context);
  return { run, verdicts };
}

function judgeDerived(
  run: DerivedRun,
  options: JudgeOptions,
  context: Context,
): Promise<Verdicts | undefined> {
  const [{ folder, derived } = noPart()] = run.parts;
  return run.several === undefined
    ? judgeRun(folder, derived, options, context)
    : judgeDatasets(run, options, context);
}

function noPart(): never {
  throw new Error('a derived run has no part');
}

const shardOf = ({ folder, several }: DerivedRun) =>
  several === undefined ? readManifest(folder).shard : undefined;

/** Gates on a part of a suite would fail or pass for the wrong reasons. */
function requireWhole(run: DerivedRun): void {
  const { folder, several, parts } = run;
  const shard = shardOf(run);
  if (shard !== undefined) {
    throw new InputError(`this run is shard ${shard.index} of ${shard.of}: a part of a suite is not judged`, {
      where: folder.path,
      next: 'merge all shards first: vecproof merge <run> <run> …',
    });
  }
  const missing = several?.datasets.filter(({ name }) => !parts.some((part) => part.name === name)) ?? [];
  if (missing.length === 0) return;
  throw new InputError('this run is not complete: some of its datasets were not measured', {
    where: folder.path,
    got: missing.map(({ name }) => name).join(', '),
    next: `continue it first: vecproof run --resume ${folder.id}`,
  });
}

/** A line for each dataset, as only runs on the same one can be compared; none where nothing has changed. */
function remember({ parts }: DerivedRun, { runs }: Context): void {
  const known = readHistory(runs);
  for (const { folder, derived } of parts) {
    const line = historyLine(derived.results, readVerdicts(folder));
    const last = known.find(({ run }) => run === line.run);
    if (JSON.stringify(last) !== JSON.stringify(line)) appendHistory(runs, line);
  }
}
