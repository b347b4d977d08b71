import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../common/errors.js';
import { fileFailure, writeFileAtomic } from '../common/files.js';
import { displayPath } from '../harness/app/places.js';
import { currentResults, type Derived, writeResults } from '../harness/derive/current.js';
import type { Results } from '../harness/model/results.js';
import type { Verdicts } from '../harness/model/verdict.js';
import type { HistoryLine } from '../harness/store/history.js';
import { type RunFolder, readEvents, readManifest } from '../harness/store/run-folder.js';
import { readVerdicts } from '../harness/store/verdicts.js';
import { renderCsv } from '../reports/csv.js';
import { renderAnnotations, renderStepSummary } from '../reports/github.js';
import { renderHtml } from '../reports/html/html.js';
import { renderJunit } from '../reports/junit.js';
import { buildReport, type ReportModel } from '../reports/model.js';
import { renderTerminal } from '../reports/terminal.js';
import type { CommandContext } from './context.js';
import { reportFile } from './report-file.js';

/** What can be written into a run's folder from its results. */
export const FORMATS = ['html', 'csv', 'json', 'junit', 'github'] as const;
export type Format = (typeof FORMATS)[number];

export function parseFormats(text: string): Format[] {
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) {
    if (!(FORMATS as readonly string[]).includes(name)) {
      throw new InputError('unknown format', {
        where: '--format',
        got: name,
        next: `use ${FORMATS.join(', ')}`,
      });
    }
  }
  return names as Format[];
}

/**
 * Writes a run's results in the formats asked for; derives them from its raw files where they are not at hand.
 *
 * @param history runs that the report may show this one among; without it there is no trend
 */
export async function writeReports(
  folder: RunFolder,
  formats: readonly Format[],
  given?: Derived,
  history?: readonly HistoryLine[],
): Promise<{ results: Results; model: ReportModel }> {
  const derived = given ?? (await currentResults(folder));
  const { results } = derived;
  const manifest = readManifest(folder);
  const verdicts = readVerdicts(folder);
  const model = buildReport({
    results,
    manifest,
    events: readEvents(folder),
    ...(verdicts && { verdicts }),
    ...(history && { history }),
  });
  if (formats.includes('json')) writeResults(folder, derived);
  if (formats.includes('csv')) writeFileAtomic(join(folder.path, 'results.csv'), renderCsv(results));
  if (formats.includes('html')) writeFileAtomic(reportFile(folder), renderHtml(model));
  if (formats.includes('junit')) {
    writeFileAtomic(
      join(folder.path, 'junit.xml'),
      renderJunit(judgedOr(folder, verdicts), manifest.suite.name),
    );
  }
  if (formats.includes('github')) writeGithub(judgedOr(folder, verdicts), manifest.suite.name);
  return { results, model };
}

/** @throws InputError where the run was not judged */
export function judgedOr(folder: RunFolder, verdicts: Verdicts | undefined): Verdicts {
  if (verdicts !== undefined) return verdicts;
  throw new InputError('this run was not judged: there is nothing for junit or github to tell', {
    where: folder.path,
    next: 'judge it: vecproof gate <run>',
  });
}

/** Annotations on stdout, where GitHub Actions looks for them; the summary in the file it names, if it does. */
export function writeGithub(verdicts: Verdicts, title: string): void {
  process.stdout.write(renderAnnotations(verdicts));
  const summary = renderStepSummary(verdicts, title);
  const file = process.env['GITHUB_STEP_SUMMARY'];
  if (file === undefined || file === '') {
    process.stdout.write(summary);
    return;
  }
  try {
    appendFileSync(file, `${summary}\n`);
  } catch (error) {
    throw fileFailure(file, 'the step summary cannot be written', error);
  }
}

/** The answer on the terminal, with where the report is. */
export function printSummary(context: CommandContext, folder: RunFolder, model: ReportModel): void {
  const file = reportFile(folder);
  const reportPath = displayPath(existsSync(file) ? file : folder.path, context.cwd);
  const width = context.out.columns ?? 100;
  context.out.write(`${renderTerminal(model, { color: context.color, width, reportPath })}\n`);
}
