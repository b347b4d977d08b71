import { dirname, join } from 'node:path';
import { EXIT, type ExitCode } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { oneLine } from '../../common/visible.js';
import { notice } from '../../harness/app/context.js';
import { displayPath } from '../../harness/app/places.js';
import { rehearsePlan } from '../../migration/plan/rehearse.js';
import type { FaultResult, Rehearsal, WindowResult } from '../../migration/rehearsal/model.js';
import { renderRehearsalPage } from '../../reports/rehearsal-page/page.js';
import { lossWords } from '../../reports/rehearsal-page/words.js';
import type { CommandContext } from '../context.js';
import { printJson } from '../terminal.js';

export interface RehearseCommand {
  faults: readonly string[];
  json?: boolean;
}

const PAGE = 'index.html';
const SHOWN = 12;

/** `vecproof rehearse`: the cutover of a plan, on collections of its own. */
export async function rehearseCommand(
  plan: string,
  { faults, json = false }: RehearseCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const { runs, cache, cwd, env, signal, hide, out } = context;
  const { rehearsal, folder } = await rehearsePlan({
    ...{ plan, home: dirname(runs), cache, cwd, env, signal, hide, faults },
    onProgress: (words) => {
      if (!json) out.write(`  ${oneLine(words)}\n`);
    },
    onNotice: (message) => notice(context, message),
  });
  const page = join(folder, PAGE);
  writeFileAtomic(page, renderRehearsalPage(rehearsal));
  context.progress.end();
  if (json) printJson(out, rehearsal, 2);
  else out.write(`${[...resultLines(rehearsal), `page: ${displayPath(page, cwd)}`].join('\n')}\n`);
  return exitOf(rehearsal);
}

function exitOf({ state }: Rehearsal): ExitCode {
  return state === 'safe' ? EXIT.passed : EXIT.gateFailed;
}

function resultLines({ answer, windows, faults, lost, traffic }: Rehearsal): string[] {
  const { written, unknown, read, stalest } = traffic;
  const first = lost
    .slice(0, SHOWN)
    .map(({ side, kind, id }) => `  id ${oneLine(id)}: ${kind} in the ${side}`);
  const rest = lost.length - first.length;
  return [
    '',
    'window      gate    if it was cut over then',
    ...windows.map(windowLine),
    ...(faults.length === 0 ? [] : ['', 'fault → window → what noticed it', ...faults.map(faultLine)]),
    '',
    `${written} writes acknowledged, ${unknown} without an answer, ${read} reads; oldest state served by the target: ${stalest.target} ms`,
    oneLine(answer),
    ...first,
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ];
}

function windowLine({ window, exit, ifCutOver }: WindowResult): string {
  return `${window.padEnd(11)} ${exit.state.padEnd(7)} ${lossWords(ifCutOver)}`;
}

function faultLine({ fault, window, state, caughtBy, wouldHaveLost }: FaultResult): string {
  const by = [...new Set(caughtBy.map((each) => each.by))].join(', ');
  const loss = wouldHaveLost === undefined ? '' : `; else: ${lossWords(wouldHaveLost)}`;
  return `${state === 'caught' ? '✓' : '✗'} ${fault} → ${window} → ${by === '' ? 'nothing' : by}${loss}`;
}
