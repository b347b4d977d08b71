import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { packageInfo } from '../../common/paths.js';
import { oneLine } from '../../common/visible.js';
import { displayPath, readTextFile } from '../../harness/app/places.js';
import { makeRecord } from '../../migration/record/make.js';
import { type MigrationRecord, RECORD } from '../../migration/record/model.js';
import { type RecordVerification, verifyRecord } from '../../migration/record/verify.js';
import { renderRecordPage } from '../../reports/record/page.js';
import type { CommandContext } from '../context.js';
import { printJson } from '../terminal.js';

export interface RecordCommand {
  verify?: boolean;
  sum?: string;
  json?: boolean;
}

/** `vecproof record`: exit code 1 if an item failed, 4 if one is open; with --verify 1 if anything differs. */
export async function recordCommand(
  given: string,
  { verify = false, sum, json = false }: RecordCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const { out, cwd } = context;
  const { folder, planFolder } = folderOf(given, context);
  if (verify) {
    const found = await verifyRecord({ folder, sum, page: pageOf });
    if (json) printJson(out, found, 2);
    else out.write(`${verificationLines(found).join('\n')}\n`);
    return found.state === 'genuine' ? EXIT.passed : EXIT.gateFailed;
  }
  const record = await makeRecord({ folder, planFolder, now: new Date().toISOString() });
  writeFileAtomic(join(folder, RECORD.json), `${JSON.stringify(record, undefined, 2)}\n`);
  writeFileAtomic(join(folder, RECORD.page), renderRecordPage(record));
  if (json) printJson(out, record, 2);
  else out.write(`${recordLines(record).join('\n')}\npage: ${displayPath(join(folder, RECORD.page), cwd)}\n`);
  if (record.state === 'failed') return EXIT.gateFailed;
  return record.state === 'complete' ? EXIT.passed : EXIT.decisionAwaited;
}

/** Of what another version has made, nobody here knows how it should look. */
function pageOf(record: MigrationRecord): string | undefined {
  return record.vecproof === packageInfo().version ? renderRecordPage(record) : undefined;
}

/** The folder of a migration, by its plan, itself, or its record. */
function folderOf(given: string, { cwd, runs }: CommandContext): { folder: string; planFolder?: string } {
  const path = resolve(cwd, given);
  if (!existsSync(path))
    throw new InputError('there is no such file or folder', {
      where: given,
      next: 'give a plan, or its folder below .migrations/',
    });
  if (statSync(path).isDirectory()) return { folder: path };
  if (basename(path) === RECORD.json) return { folder: dirname(path) };
  let plan: unknown;
  try {
    plan = parse(readTextFile(path, 'the plan'));
  } catch (error) {
    throw new InputError('is no plan', { where: given, cause: error });
  }
  const name = (plan as { name?: unknown } | null)?.name;
  if (typeof name !== 'string' || !/^[A-Za-z0-9][\w.-]*$/.test(name))
    throw new InputError('is no plan: it has no name', { where: given });
  const folder = join(dirname(runs), '.migrations', name);
  if (!existsSync(folder))
    throw new InputError('has not begun', {
      where: given,
      next: `begin it with "vecproof migrate ${given}"`,
    });
  return { folder, planFolder: dirname(path) };
}

const SIGNS = { done: '✓', open: '·', failed: '✗' } as const;

function recordLines({ name, answer, items, learnt, sum }: MigrationRecord): string[] {
  return [
    `${name}: ${answer}`,
    ...items.flatMap(({ title, state, says, open }) => [
      `  ${SIGNS[state]} ${title}${says === undefined ? '' : `: ${says}`}`,
      ...open.map((each) => `      ${each}`),
    ]),
    ...(learnt.next === '' ? [] : [`for the next change: ${learnt.next}`]),
    `sum: ${sum}`,
  ].map(oneLine);
}

function verificationLines({ state, record, files, checks }: RecordVerification): string[] {
  const shown = checks.filter((check) => check.state !== 'as recorded');
  return [
    ...shown.map(({ what, state: of, words }) => `  ${of === 'differs' ? '✗' : '·'} ${what} ${words}`),
    state === 'genuine'
      ? `${record.name}: the record of ${record.madeAt} is genuine: its log of ${record.log.events} events, ${files} files and all that it tells agree (sum ${record.sum})`
      : `${record.name}: the record of ${record.madeAt} does not agree with what lies beside it`,
  ].map(oneLine);
}
