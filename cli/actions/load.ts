import { resolve } from 'node:path';
import { EXIT, type ExitCode } from '../../common/errors.js';
import { visible } from '../../common/visible.js';
import { notice, preparation } from '../../harness/app/context.js';
import { loadExport } from '../../migration/load/load.js';
import type { CommandContext } from '../context.js';
import { lossLine } from './map.js';

export interface LoadCommand {
  mapping: string;
  state?: string;
  batch?: number;
}

const SHOWN = 10;

/** `vecproof load`: an export into a new collection. */
export async function loadCommand(
  folder: string,
  { mapping, state, batch }: LoadCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const path = resolve(context.cwd, mapping);
  const result = await loadExport({
    source: resolve(context.cwd, folder),
    mapping: path,
    state: state === undefined ? `${path.replace(/\.ya?ml$/, '')}.load` : resolve(context.cwd, state),
    batchPoints: batch,
    cwd: context.cwd,
    env: context.env,
    signal: context.signal,
    onProgress: preparation(context, 'load', 'points'),
    onNotice: (message) => notice(context, message),
  });
  context.progress.end();
  if (result.state === 'undecided') {
    const lines = result.losses.map(lossLine);
    context.out.write(
      `nothing was loaded: ${lines.length} losses are not accepted\n${lines.join('\n')}\n  next: write why each is acceptable in place of "accepted: false" in ${mapping}, or change the mapping\n`,
    );
    return EXIT.decisionAwaited;
  }
  const { points, leftOut, place, rejects } = result;
  context.out.write(
    `${[
      `${points} points loaded into ${place}, each read back and equal`,
      ...(leftOut === 0 ? [] : [`${leftOut} points were left out, as accepted`]),
      ...rejects
        .slice(0, SHOWN)
        .map(({ id, row, cause }) => `rejected: id ${visible(id)} (row ${row}): ${visible(cause)}`),
      ...(rejects.length === 0
        ? []
        : [`${rejects.length} points were rejected: correct the cause and load again`]),
      'compare with: vecproof verify',
    ].join('\n')}\n`,
  );
  return result.state === 'loaded' ? EXIT.passed : EXIT.gateFailed;
}
