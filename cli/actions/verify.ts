import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EXIT, type ExitCode } from '../../common/errors.js';
import { visible } from '../../common/visible.js';
import { preparation } from '../../harness/app/context.js';
import { readMapping } from '../../migration/mapping/mapping.js';
import { type Sample, type SideResult, type Verification, verify } from '../../migration/verify/verify.js';
import type { CommandContext } from '../context.js';
import { giveResult, type ResultOptions, requireResultFile } from '../migration-result.js';

export interface VerifyCommand extends ResultOptions {
  mapping?: string;
  differences?: string;
  samples: number;
  sample: number;
  queries?: string;
  rejects?: string;
  since?: string;
}

type Verified = Verification & { mapping?: string };

/** `vecproof verify`: whether two places hold the same points. */
export async function verifyCommand(
  source: string,
  target: string,
  { mapping, differences, samples, sample, queries, rejects, since, out, html, json = false }: VerifyCommand,
  context: CommandContext,
): Promise<ExitCode> {
  requireResultFile({ out });
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
    retrieved: sample,
    queries: queries === undefined ? undefined : resolve(context.cwd, queries),
    rejects: rejectsOf(rejects, mapping, context),
    since,
    onProgress: (side, done, total) => tell[side](done, total),
  });
  context.progress.end();
  if (!json && accepted !== undefined) context.out.write(`mapping ${accepted.hash.slice(0, 12)}\n`);
  const page = async (shown: Verified) =>
    (await import('../../reports/migration/verification.js')).verificationPage(shown);
  const verified: Verified = { ...result, ...(accepted && { mapping: accepted.hash }) };
  await giveResult(verified, { out, html, json }, { page, lines: linesOf }, context);
  if (!json && differences !== undefined) context.out.write(`wrote ${differences}\n`);
  return result.state === 'equal' ? EXIT.passed : EXIT.gateFailed;
}

/** That of the load by this mapping, where it has one. */
function rejectsOf(
  given: string | undefined,
  mapping: string | undefined,
  { cwd }: CommandContext,
): string | undefined {
  if (given !== undefined) return resolve(cwd, given);
  if (mapping === undefined) return undefined;
  const path = join(`${resolve(cwd, mapping).replace(/\.ya?ml$/, '')}.load`, 'rejects.parquet');
  return existsSync(path) ? path : undefined;
}

const NAMES = [
  ['matching', 'matching'],
  ['mismatched', 'mismatched'],
  ['missing', 'missing in the target'],
  ['extra', 'extra in the target'],
  ['duplicateInSource', 'duplicate in the source'],
  ['duplicateInTarget', 'duplicate in the target'],
] as const;

function linesOf({
  state,
  source,
  target,
  counts,
  accepted,
  samples,
  checks,
  findings,
}: Verification): string[] {
  const differing = counts.mismatched + counts.missing + counts.extra;
  const unasked = checks.filter((each) => each.state === 'not-asked');
  return [
    headline(state, differing, counts.matching, findings.length),
    sideLine('source', source),
    sideLine('target', target),
    ...NAMES.map(([key, words]) => `  ${words.padEnd(24)} ${counts[key]}`),
    ...accepted.map(acceptedLine),
    ...findings.map(
      ({ finding, of, what, examples }) =>
        `${finding}${of === '' ? '' : ` (${of})`}: ${what}${examples.length === 0 ? '' : `, such as ${examples.join(', ')}`}`,
    ),
    ...samples.flatMap(sampleLines),
    ...checks.filter((each) => each.state === 'same').map(({ title, what }) => `same: ${title} (${what})`),
    ...unasked.map(({ check, what }) => `not asked: ${check}: ${what}`),
  ];
}

function headline(
  state: Verification['state'],
  differing: number,
  matching: number,
  findings: number,
): string {
  if (state === 'equal')
    return `equal: all ${matching} points are the same on both sides, by id, vectors, metadata, text, URI and tenant`;
  return differing > 0
    ? `different: ${differing} ids differ, ${matching} are the same`
    : `different: all ${matching} points are the same, and ${findings === 1 ? 'one thing is' : `${findings} things are`} not`;
}

function acceptedLine({ reason, points, examples }: Verification['accepted'][number]): string {
  return `  ${'refused, as accepted'.padEnd(24)} ${points} (${visible(reason)}), such as ${examples.map(visible).join(', ')}`;
}

function sideLine(name: string, { place, counter, read, consistency }: SideResult): string {
  return `${name}: ${place}, ${read} points read, ${counter} by its own counter (${consistency})`;
}

function sampleLines({ id, type, kind, differs, words }: Sample): string[] {
  const what = kind === 'mismatched' && words.length === 0 ? ` (${differs.join(', ')})` : '';
  return [`${kind}: ${type} id ${visible(id)}${what}`, ...words.map((each) => `    ${visible(each)}`)];
}
