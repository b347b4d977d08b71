import { join } from 'node:path';
import { InputError } from '../common/errors.js';
import { writeFileAtomic } from '../common/files.js';
import { type DerivedRun, deriveRun, resultsOf, storeResults } from '../harness/derive/run.js';
import type { DatasetsResults } from '../harness/model/results.js';
import type { Verdicts } from '../harness/model/verdict.js';
import { readEvents } from '../harness/store/event-log.js';
import { type HistoryLine, readHistory } from '../harness/store/history.js';
import { readManifest } from '../harness/store/manifests.js';
import { type RunFolder, runFolder, runsAbove } from '../harness/store/run-folder.js';
import { readVerdicts } from '../harness/store/verdicts.js';
import { renderDatasetsCsv } from './csv.js';
import { renderDatasetsHtml } from './html/datasets.js';
import { renderHtml } from './html/html.js';
import { renderJunit } from './junit.js';
import { buildReport, type ReportModel } from './model.js';

/** What can be written into a run's folder. */
export const REPORT_FORMATS = ['html', 'csv', 'json', 'junit'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** What reports say of one dataset of a run. */
export interface ReportPart {
  name: string;
  model: ReportModel;
}

export const reportFile = (folder: RunFolder): string => join(folder.path, 'report.html');

/**
 * Writes reports of a stored run into its folder; results are derived again where what they depend on has changed.
 *
 * @param run a stored run, or its folder; on one dataset or on several
 * @returns paths of the files, in the order of `formats`
 * @throws InputError for `junit` of a run that was not judged
 */
export async function writeReports(
  run: { readonly path: string },
  formats: readonly ReportFormat[],
): Promise<string[]> {
  const folder = runFolder(run.path);
  return writeFiles(await deriveRun(folder), formats, readHistory(runsAbove(folder))).files;
}

/**
 * The same of a run that was derived before.
 *
 * @param history runs among which the page shows this one; without it there is no trend
 */
export function writeFiles(
  run: DerivedRun,
  formats: readonly ReportFormat[],
  history?: readonly HistoryLine[],
): { files: string[]; parts: ReportPart[] } {
  const { folder } = run;
  const parts = run.parts.map((part) => ({ name: part.name, model: modelOf(part, history) }));
  const verdicts = readVerdicts(folder);
  const judged = formats.includes('junit') ? judgedOr(folder, verdicts) : undefined;
  const write: Record<ReportFormat, () => string> = {
    json: () => {
      storeResults(run);
      return folder.results;
    },
    csv: () => written(folder, 'results.csv', renderDatasetsCsv(parts.map(({ model }) => model.results))),
    html: () => written(folder, 'report.html', htmlOf(run, parts, verdicts)),
    junit: () => written(folder, 'junit.xml', renderJunit(judged!, run.suite)),
  };
  return { files: formats.map((format) => write[format]()), parts };
}

/** What reports say of each dataset of a run; nothing is written. */
export const reportParts = (run: DerivedRun): ReportPart[] =>
  run.parts.map((part) => ({ name: part.name, model: modelOf(part, undefined) }));

function modelOf(
  { folder, derived }: DerivedRun['parts'][number],
  history: readonly HistoryLine[] | undefined,
) {
  const verdicts = readVerdicts(folder);
  return buildReport({
    results: derived.results,
    manifest: readManifest(folder),
    events: readEvents(folder),
    ...(verdicts && { verdicts }),
    ...(history && { history }),
  });
}

function htmlOf(run: DerivedRun, parts: readonly ReportPart[], verdicts: Verdicts | undefined): string {
  return run.several === undefined
    ? renderHtml(parts[0]!.model)
    : renderDatasetsHtml({ results: resultsOf(run) as DatasetsResults, parts, verdicts });
}

function written({ path }: RunFolder, name: string, text: string): string {
  writeFileAtomic(join(path, name), text);
  return join(path, name);
}

/** @throws InputError where the run was not judged */
export function judgedOr(folder: RunFolder, verdicts: Verdicts | undefined): Verdicts {
  if (verdicts !== undefined) return verdicts;
  throw new InputError('this run was not judged: there is nothing for junit or github to report', {
    where: folder.path,
    next: 'judge it: vecproof gate <run>',
  });
}
