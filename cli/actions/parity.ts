import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { type CompareRequest, compareRuns } from '../../harness/app/compare-runs.js';
import { openRun } from '../../harness/app/open-run.js';
import { paritySentence, parityTable } from '../../reports/parity.js';
import type { CommandContext } from '../context.js';
import { table } from '../table.js';
import { printJson } from '../terminal.js';

export interface ParityCommand extends Partial<CompareRequest> {
  json?: boolean;
}

/** `vecproof parity`: two trials of one stored run, or of two, compared answer by answer; nothing is measured. */
export async function parityCommand(
  run: string,
  other: string | undefined,
  options: ParityCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const { reference, candidate } = options;
  if (reference === undefined || candidate === undefined) {
    throw new InputError('two trials have to be named', {
      where: reference === undefined ? '--reference' : '--candidate',
      next: 'name both; or compare two places with --queries',
    });
  }
  const first = openRun(run, context);
  const second = other === undefined ? first : openRun(other, context);
  const result = await compareRuns(first, second, { ...options, reference, candidate });
  if (options.json === true) printJson(context.out, result);
  else context.out.write(`${paritySentence(result)}\n\n${table(parityTable(result))}`);
  for (const note of result.notes) context.err.write(`note: ${note}\n`);
  return EXIT.passed;
}
