import { type ExitCode, InputError } from '../../common/errors.js';
import { judgeStored } from '../../harness/app/conclude-run.js';
import type { JudgeOptions } from '../../harness/app/judge-run.js';
import { openRun } from '../../harness/app/open-run.js';
import { displayPath } from '../../harness/app/places.js';
import type { Verdicts } from '../../harness/model/verdict.js';
import { readHistory } from '../../harness/store/history.js';
import { baselineSentence, gateSentence, lockSentence, markOf, verdictLines } from '../../reports/gates.js';
import type { CommandContext } from '../context.js';
import { gateExit } from '../exit-code.js';
import { parseFormats, writeReports } from '../reports.js';
import { printJson } from '../terminal.js';

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
  const { run, verdicts } = await judgeStored(openRun(reference, context), options, context);
  const { folder } = run;
  if (verdicts === undefined) {
    throw new InputError('the suite of this run has no gates', {
      where: folder.path,
      next: 'add gates: to the suite, or take those of another one with --suite; see docs/gates.md',
    });
  }
  if (options.json === true) printJson(context.out, verdicts);
  else printVerdicts(verdicts, context);
  // The report tells the verdicts too: it must not keep the old ones.
  const all = ['html' as const, ...formats.filter((each) => each !== 'html')];
  writeReports(run, all, context, readHistory(context.runs));
  context.err.write(`wrote ${displayPath(folder.verdicts, context.cwd)}\n`);
  return gateExit(verdicts);
}

function printVerdicts(verdicts: Verdicts, context: CommandContext): void {
  const blocks = verdicts.verdicts.flatMap((each) => verdictLines(each, markOf(each, verdicts.inconclusive)));
  const notes = [baselineSentence(verdicts), lockSentence(verdicts)].filter((note) => note !== undefined);
  const lines = [...blocks, '', ...notes, gateSentence(verdicts)];
  // Names come from files: no control character reaches the terminal.
  context.out.write(`${lines.map((line) => line.replace(/\p{Cc}/gu, ' ')).join('\n')}\n`);
}
