import { existsSync } from 'node:fs';
import { InputError } from '../common/errors.js';
import { oneLine } from '../common/visible.js';
import { displayPath } from '../harness/app/places.js';
import { type DerivedRun, resultsOf } from '../harness/derive/run.js';
import type { HistoryLine } from '../harness/store/history.js';
import { readVerdicts } from '../harness/store/verdicts.js';
import { renderTerminal } from '../reports/terminal.js';
import {
  judgedOr,
  REPORT_FORMATS,
  type ReportFormat,
  type ReportPart,
  reportFile,
  writeFiles,
} from '../reports/write.js';
import type { CommandContext } from './context.js';
import { writeGithub } from './github.js';
import { printJson } from './terminal.js';

/** Files of a run's folder, and what GitHub Actions shows. */
const FORMATS = [...REPORT_FORMATS, 'github'] as const;
export type Format = (typeof FORMATS)[number];

export function parseFormats(text: string): Format[] {
  return text.split(',').map((part) => {
    const format = FORMATS.find((each) => each === part.trim());
    if (format !== undefined) return format;
    throw new InputError('unknown format', {
      where: '--format',
      got: part.trim(),
      next: `use ${FORMATS.join(', ')}`,
    });
  });
}

/** Writes a run's reports in the formats asked for. @param history without it there is no trend */
export function writeReports(
  run: DerivedRun,
  formats: readonly Format[],
  context: CommandContext,
  history?: readonly HistoryLine[],
): ReportPart[] {
  const files = formats.filter((format): format is ReportFormat => format !== 'github');
  const { parts } = writeFiles(run, files, history);
  if (formats.includes('github'))
    writeGithub(judgedOr(run.folder, readVerdicts(run.folder)), run.suite, context);
  return parts;
}

/** The results as JSON, or the answer for people, for each dataset, with where the report is. */
export function printRun(
  run: DerivedRun,
  parts: readonly ReportPart[],
  { json }: { json?: boolean | undefined },
  context: CommandContext,
): void {
  const { out, color, cwd } = context;
  if (json === true) {
    printJson(out, resultsOf(run));
    return;
  }
  const file = reportFile(run.folder);
  const reportPath = displayPath(existsSync(file) ? file : run.folder.path, cwd);
  for (const { name, model } of parts) {
    if (run.several !== undefined) out.write(`Dataset ${oneLine(name)}\n\n`);
    out.write(`${renderTerminal(model, { color, width: out.columns ?? 100, reportPath })}\n`);
    if (run.several !== undefined) out.write('\n');
  }
}
