import { EXIT, type ExitCode } from '../../common/errors.js';
import { visible } from '../../common/visible.js';
import { diagnose, type Finding } from '../../harness/app/diagnose.js';
import type { CommandContext } from '../context.js';
import { printJson } from '../terminal.js';

/** `vecproof doctor`: what is missing here and how to get it. Exit code 3 if something the quickstart needs is. */
export async function doctorCommand(
  options: { clean?: boolean; json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const findings = await diagnose(context, { clean: options.clean === true });
  if (options.json === true) printJson(context.out, findings, 2);
  else context.out.write(findings.map(line).join(''));
  return findings.some(({ state }) => state === 'problem') ? EXIT.engineOrDatasetFailed : EXIT.passed;
}

function line({ what, state, detail, fix, removed = [] }: Finding): string {
  const mark = { ok: 'ok     ', missing: 'missing', problem: 'PROBLEM', note: 'note   ' }[state];
  const more = [...(fix === undefined ? [] : [`fix: ${fix}`]), ...removed.map((path) => `removed: ${path}`)];
  return [`${mark}  ${what}: ${detail}`, ...more.map((text) => `         ${visible(text)}`), ''].join('\n');
}
