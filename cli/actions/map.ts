import { resolve } from 'node:path';
import { EXIT, type ExitCode } from '../../common/errors.js';
import { visible } from '../../common/visible.js';
import { preparation } from '../../harness/app/context.js';
import { displayPath } from '../../harness/app/places.js';
import { mapExport } from '../../migration/mapping/map.js';
import { type Loss, writeMapping } from '../../migration/mapping/mapping.js';
import type { CommandContext } from '../context.js';

export interface MapCommand {
  to: string;
  out: string;
  index: Record<string, unknown>;
  acceptAll?: string;
}

/** `vecproof map`: the mapping of an export to a target, for people to read and accept. */
export async function mapCommand(
  folder: string,
  { to, out, index, acceptAll }: MapCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const mapping = await mapExport(resolve(context.cwd, folder), to, {
    index,
    signal: context.signal,
    onProgress: preparation(context, 'map', 'points'),
  });
  const path = resolve(context.cwd, out);
  const losses = mapping.losses.map((each) => ({ ...each, accepted: acceptAll ?? each.accepted }));
  writeMapping(path, { ...mapping, losses });
  context.progress.end();
  const { vectors, fields, source, target } = mapping;
  context.out.write(
    `${[
      `${source.points} points of ${source.engine} ${source.collection} to ${target.place}: ${vectors.length} vectors, ${fields.length} fields`,
      losses.length === 0
        ? 'nothing is lost'
        : `${losses.length} losses${acceptAll === undefined ? ' to accept' : ''}:`,
      ...losses.map(lossLine),
      `wrote ${displayPath(path, context.cwd)}`,
    ].join('\n')}\n`,
  );
  return EXIT.passed;
}

/** A loss on one line. */
export function lossLine({ loss, of, points, example, severity, remedy }: Loss): string {
  const where = of === '' ? '' : ` of "${visible(of)}"`;
  const shown = example === undefined ? '' : `, such as id ${visible(example)}`;
  return `  ${severity.padEnd(8)} ${loss}${where}: ${points} points${shown}; ${remedy}`;
}
