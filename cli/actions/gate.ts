import { join } from 'node:path';
import { type ExitCode, InputError } from '../../common/errors.js';
import { judgeDatasets } from '../../harness/app/judge-datasets.js';
import { type JudgeOptions, judgeRun } from '../../harness/app/judge-run.js';
import { displayPath } from '../../harness/app/places.js';
import { currentResults, type Derived } from '../../harness/derive/current.js';
import type { Results } from '../../harness/model/results.js';
import type { Verdicts } from '../../harness/model/verdict.js';
import { appendHistory, historyLine, readHistory } from '../../harness/store/history.js';
import {
  findRun,
  type Part,
  partsOf,
  type RunFolder,
  readDatasetsManifest,
  readManifest,
} from '../../harness/store/run-folder.js';
import { baselineSentence, gateSentence, lockSentence, markOf, verdictLines } from '../../reports/gates.js';
import type { CommandContext } from '../context.js';
import { derivedParts, rememberDatasets, writeDatasetsReports } from '../datasets-output.js';
import { gateExit } from '../exit-code.js';
import { type Format, parseFormats, writeReports } from '../output.js';

export interface GateCommand extends JudgeOptions {
  format?: string | undefined;
  json?: boolean | undefined;
}

/** `vecproof gate`: judges a stored run; nothing is measured. Exit code 1 if a gate failed. */
export async function gateCommand(
  reference: string,
  options: GateCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const formats = options.format === undefined ? [] : parseFormats(options.format);
  const folder = findRun(reference, context.runs);
  const parts = partsOf(folder);
  if (parts !== undefined) return gateDatasets(folder, parts, formats, options, context);
  const derived = await judgeable(folder);
  const { results } = derived;
  const verdicts = await judgeRun(folder, derived, options, context);
  if (verdicts === undefined) throw noGates(folder);
  if (options.json === true) context.out.write(`${JSON.stringify(verdicts)}\n`);
  else printVerdicts(verdicts, context);
  // The report tells the verdicts too: it must not keep the old ones.
  const all = ['html' as const, ...formats.filter((each) => each !== 'html')];
  await writeReports(folder, all, derived, readHistory(context.runs));
  remember(results, verdicts, context);
  context.err.write(`wrote ${displayPath(join(folder.path, 'verdicts.json'), context.cwd)}\n`);
  return gateExit(verdicts);
}

/** Each dataset of a run over several, as far as it was measured. */
async function gateDatasets(
  folder: RunFolder,
  parts: readonly Part[],
  formats: readonly Format[],
  options: GateCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const missing = readDatasetsManifest(folder)!.datasets.filter(
    ({ name }) => !parts.some((part) => part.name === name),
  );
  if (missing.length > 0) {
    throw new InputError('this run is not complete: some of its datasets were not measured', {
      where: folder.path,
      got: missing.map(({ name }) => name).join(', '),
      next: `continue it first: vecproof run --resume ${folder.id}`,
    });
  }
  const derived = await derivedParts(parts);
  const verdicts = await judgeDatasets(folder, derived, options, context);
  if (verdicts === undefined) throw noGates(folder);
  if (options.json === true) context.out.write(`${JSON.stringify(verdicts)}\n`);
  else printVerdicts(verdicts, context);
  const all = ['html' as const, ...formats.filter((each) => each !== 'html')];
  rememberDatasets(await writeDatasetsReports(folder, derived, all, context), context);
  context.err.write(`wrote ${displayPath(join(folder.path, 'verdicts.json'), context.cwd)}\n`);
  return gateExit(verdicts);
}

function noGates(folder: RunFolder): InputError {
  return new InputError('the suite of this run has no gates', {
    where: folder.path,
    next: 'add gates: to the suite, or take those of another one with --suite; see docs/gates.md',
  });
}

/** A shard holds a part of the trials: gates on it would fail or pass for the wrong reasons. */
async function judgeable(folder: RunFolder): Promise<Derived> {
  const { shard } = readManifest(folder);
  if (shard !== undefined) {
    throw new InputError(`this run is shard ${shard.index} of ${shard.of}: a part of a suite is not judged`, {
      where: folder.path,
      next: 'merge all shards first: vecproof merge <run> <run> …',
    });
  }
  return currentResults(folder);
}

function printVerdicts(verdicts: Verdicts, context: CommandContext): void {
  const blocks = verdicts.verdicts.flatMap((each) => verdictLines(each, markOf(each, verdicts.inconclusive)));
  const notes = [baselineSentence(verdicts), lockSentence(verdicts)].filter((note) => note !== undefined);
  const lines = [...blocks, '', ...notes, gateSentence(verdicts)];
  // Names come from files: no control character reaches the terminal.
  context.out.write(`${lines.map((line) => line.replace(/\p{Cc}/gu, ' ')).join('\n')}\n`);
}

function remember(results: Results, verdicts: Verdicts, context: CommandContext): void {
  const line = historyLine(results, verdicts);
  const last = readHistory(context.runs).find(({ run }) => run === line.run);
  if (JSON.stringify(last) !== JSON.stringify(line)) appendHistory(context.runs, line);
}
