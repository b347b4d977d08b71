import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { nameBaseline } from '../../harness/app/baselines.js';
import { DEFAULT_BASELINE, listBaselines } from '../../harness/store/baselines.js';
import type { CommandContext } from '../context.js';
import { table } from '../table.js';

/** `vecproof baseline set <run>… --name main` and `vecproof baseline list`. */
export async function baselineCommand(
  action: string,
  references: readonly string[],
  options: { name: string },
  context: CommandContext,
): Promise<ExitCode> {
  if (action === 'list') return list(context);
  if (action !== 'set') {
    throw new InputError('unknown action', { where: 'baseline', got: action, next: 'use set or list' });
  }
  if (references.length === 0) {
    throw new InputError('no run was given', { where: 'baseline set', next: 'vecproof baseline set <run>' });
  }
  const ids = nameBaseline(options.name, references, context);
  context.out.write(`baseline "${options.name}" is ${ids.join(', ')}\n`);
  return EXIT.passed;
}

function list(context: CommandContext): ExitCode {
  const rows = listBaselines(context.runs).map(({ name, runs, set }) => ({
    baseline: name === DEFAULT_BASELINE ? `${name} (default)` : name,
    runs: runs.join(', '),
    set,
  }));
  context.out.write(rows.length === 0 ? 'no baselines yet\n' : table(rows));
  return EXIT.passed;
}
