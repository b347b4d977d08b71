import { EXIT, type ExitCode } from '../../../common/errors.js';
import { removeImported } from '../../../datasets/imported.js';
import type { CommandContext } from '../../context.js';

/** `vecproof dataset remove`. */
export async function datasetRemoveCommand(
  names: readonly string[],
  { cache, out }: CommandContext,
): Promise<ExitCode> {
  for (const name of names) {
    removeImported(cache, name);
    out.write(`forgot ${name}; its files stay where they are\n`);
  }
  return EXIT.passed;
}
