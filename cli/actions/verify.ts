import { dirname, resolve } from 'node:path';
import { EXIT, type ExitCode } from '../../common/errors.js';
import { visible } from '../../common/visible.js';
import { preparation } from '../../harness/app/context.js';
import { readMapping } from '../../migration/mapping/mapping.js';
import { type Sample, type SideResult, type Verification, verify } from '../../migration/verify/verify.js';
import type { CommandContext } from '../context.js';
import { printJson } from '../terminal.js';

export interface VerifyCommand {
  mapping?: string;
  differences?: string;
  samples: number;
  json?: boolean;
}

/** `vecproof verify`: whether two places hold the same points. */
export async function verifyCommand(
  source: string,
  target: string,
  { mapping, differences, samples, json = false }: VerifyCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const tell = {
    source: preparation(context, 'source', 'points'),
    target: preparation(context, 'target', 'points'),
  };
  const accepted = mapping === undefined ? undefined : readMapping(resolve(context.cwd, mapping));
  const result = await verify(source, target, {
    cwd: context.cwd,
    env: context.env,
    signal: context.signal,
    mapping: accepted?.mapping,
    mappingFolder: mapping === undefined ? undefined : dirname(resolve(context.cwd, mapping)),
    differences: differences === undefined ? undefined : resolve(context.cwd, differences),
    samples,
    onProgress: (side, done, total) => tell[side](done, total),
  });
  context.progress.end();
  const about = accepted && { mapping: accepted.hash };
  if (!json && accepted !== undefined) context.out.write(`mapping ${accepted.hash.slice(0, 12)}\n`);
  if (json) printJson(context.out, { ...result, ...about }, 2);
  else context.out.write(`${linesOf(result).join('\n')}\n`);
  if (!json && differences !== undefined) context.out.write(`wrote ${differences}\n`);
  return result.state === 'equal' ? EXIT.passed : EXIT.gateFailed;
}

const NAMES = [
  ['matching', 'matching'],
  ['mismatched', 'mismatched'],
  ['missing', 'missing in the target'],
  ['extra', 'extra in the target'],
  ['duplicateInSource', 'duplicate in the source'],
  ['duplicateInTarget', 'duplicate in the target'],
] as const;

function linesOf({ state, source, target, counts, samples }: Verification): string[] {
  const differing = counts.mismatched + counts.missing + counts.extra;
  return [
    state === 'equal'
      ? `equal: all ${counts.matching} points are the same on both sides, by id, vectors, metadata, text, URI and tenant`
      : `different: ${differing} ids differ, ${counts.matching} are the same`,
    sideLine('source', source),
    sideLine('target', target),
    ...NAMES.map(([key, words]) => `  ${words.padEnd(24)} ${counts[key]}`),
    ...samples.flatMap(sampleLines),
  ];
}

function sideLine(name: string, { place, counter, read, consistency }: SideResult): string {
  return `${name}: ${place}, ${read} points read, ${counter} by its own counter (${consistency})`;
}

function sampleLines({ id, type, kind, differs, words }: Sample): string[] {
  const what = kind === 'mismatched' && words.length === 0 ? ` (${differs.join(', ')})` : '';
  return [`${kind}: ${type} id ${visible(id)}${what}`, ...words.map((each) => `    ${visible(each)}`)];
}
