import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, type ExitCode } from '../common/errors.js';
import { writeFileAtomic } from '../common/files.js';
import { type DerivedPart, judgeDatasets } from '../harness/app/judge-datasets.js';
import type { JudgeOptions } from '../harness/app/judge-run.js';
import { displayPath } from '../harness/app/places.js';
import { currentResults } from '../harness/derive/current.js';
import { joinResults, writeDatasetsResults } from '../harness/derive/datasets.js';
import type { DatasetsResults } from '../harness/model/results.js';
import type { Verdicts } from '../harness/model/verdict.js';
import { appendHistory, historyLine, readHistory } from '../harness/store/history.js';
import { type Part, type RunFolder, readDatasetsManifest } from '../harness/store/run-folder.js';
import { readVerdicts } from '../harness/store/verdicts.js';
import { renderDatasetsCsv } from '../reports/csv.js';
import { renderDatasetsHtml } from '../reports/html/datasets.js';
import { renderJunit } from '../reports/junit.js';
import type { ReportModel } from '../reports/model.js';
import { renderTerminal } from '../reports/terminal.js';
import type { CommandContext } from './context.js';
import { gateExit, runExit } from './exit-code.js';
import { type Format, judgedOr, writeGithub, writeReports } from './output.js';
import { reportFile } from './report-file.js';

interface PartReport extends DerivedPart {
  model: ReportModel;
}

export interface DatasetsReported {
  results: DatasetsResults;
  parts: readonly PartReport[];
  verdicts: Verdicts | undefined;
}

/** Derives what is stored of each dataset. */
export async function derivedParts(parts: readonly Part[]): Promise<DerivedPart[]> {
  const derived: DerivedPart[] = [];
  for (const part of parts) derived.push({ ...part, derived: await currentResults(part.folder) });
  return derived;
}

/** Writes the reports of a run over several datasets as `writeReports` does of any other; each part gets its results. */
export async function writeDatasetsReports(
  folder: RunFolder,
  derived: readonly DerivedPart[],
  formats: readonly Format[],
  context: CommandContext,
): Promise<DatasetsReported> {
  const history = readHistory(context.runs);
  const parts: PartReport[] = [];
  const own = formats.filter((format) => format === 'json');
  for (const part of derived) {
    const { model } = await writeReports(part.folder, own, part.derived, history);
    parts.push({ ...part, model });
  }
  const manifest = readDatasetsManifest(folder)!;
  const results = joinResults(
    manifest,
    derived.map(({ name, derived: { results } }) => ({ name, results })),
  );
  const verdicts = readVerdicts(folder);
  if (formats.includes('json')) writeDatasetsResults(folder, results);
  if (formats.includes('csv')) {
    const csv = renderDatasetsCsv(derived.map((part) => part.derived.results));
    writeFileAtomic(join(folder.path, 'results.csv'), csv);
  }
  if (formats.includes('html'))
    writeFileAtomic(reportFile(folder), renderDatasetsHtml({ results, parts, verdicts }));
  if (formats.includes('junit'))
    writeFileAtomic(
      join(folder.path, 'junit.xml'),
      renderJunit(judgedOr(folder, verdicts), manifest.suite.name),
    );
  if (formats.includes('github')) writeGithub(judgedOr(folder, verdicts), manifest.suite.name);
  return { results, parts, verdicts };
}

/** As `judgeAndReport`: one that was interrupted is not judged yet. */
export async function judgeAndReportDatasets(
  folder: RunFolder,
  parts: readonly Part[],
  options: JudgeOptions,
  context: CommandContext,
): Promise<DatasetsReported> {
  const formats = ['json', 'csv', 'html'] as const;
  const derived = await derivedParts(parts);
  if (context.signal.aborted) return writeDatasetsReports(folder, derived, formats, context);
  try {
    await judgeDatasets(folder, derived, options, context);
  } catch (error) {
    await writeDatasetsReports(folder, derived, formats, context);
    throw error;
  }
  const reported = await writeDatasetsReports(folder, derived, formats, context);
  rememberDatasets(reported, context);
  return reported;
}

/** A line for each dataset: only runs on the same one can be compared. */
export function rememberDatasets({ parts }: DatasetsReported, { runs }: CommandContext): void {
  const known = readHistory(runs);
  for (const { folder, derived } of parts) {
    const line = historyLine(derived.results, readVerdicts(folder));
    const last = known.find(({ run }) => run === line.run);
    if (JSON.stringify(last) !== JSON.stringify(line)) appendHistory(runs, line);
  }
}

/** The answer for each dataset, then where the report is. */
export function printDatasets(context: CommandContext, folder: RunFolder, { parts }: DatasetsReported): void {
  const file = reportFile(folder);
  const reportPath = displayPath(existsSync(file) ? file : folder.path, context.cwd);
  const width = context.out.columns ?? 100;
  for (const { name, model } of parts) {
    // Names come from suites: no control character reaches the terminal.
    context.out.write(`Dataset ${name.replace(/\p{Cc}/gu, ' ')}\n\n`);
    context.out.write(`${renderTerminal(model, { color: context.color, width, reportPath })}\n\n`);
  }
}

/** The worst of the datasets': a failed trial or nothing measured before the gates. */
export function datasetsExit({ parts, verdicts }: DatasetsReported): ExitCode {
  const failed = parts.some(
    ({ derived }) => runExit(derived.results, undefined) === EXIT.engineOrDatasetFailed,
  );
  return failed ? EXIT.engineOrDatasetFailed : gateExit(verdicts);
}
