import { resolve } from 'node:path';
import { parse } from 'yaml';
import { EXIT, type ExitCode, InputError, messageOf } from '../../common/errors.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import { preparation } from '../../harness/app/context.js';
import { type Inventory, inventorySchema } from '../../migration/inventory/model.js';
import type { Severity } from '../../migration/validate/catalogue.js';
import { loadEmbed } from '../../migration/validate/embedding.js';
import type { Validation } from '../../migration/validate/model.js';
import { validatePlace } from '../../migration/validate/validate.js';
import type { CommandContext } from '../context.js';
import { giveResult, type ResultOptions, requireResultFile } from '../migration-result.js';

export interface ValidateCommand extends ResultOptions {
  against?: string;
  target?: string;
  embed?: string;
  tenant?: string;
  failOn: Severity;
}

/** `vecproof validate`: exit code 1 if something of that severity was found. */
export async function validateCommand(
  place: string,
  { against, target, embed, tenant, failOn, out, html, json = false }: ValidateCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const { cwd, env, signal } = context;
  requireResultFile({ out });
  const tell = preparation(context, 'validate', 'points');
  const validation = await validatePlace(place, {
    cwd,
    env,
    signal,
    against: against === undefined ? undefined : readInventory(resolve(cwd, against)),
    target,
    embed: embed === undefined ? undefined : await loadEmbed(embed, cwd),
    tenantField: tenant,
    failOn,
    onProgress: (done, total) => tell(done, total),
  });
  context.progress.end();
  const page = async (result: Validation) =>
    (await import('../../reports/migration/validation.js')).validationPage(result);
  await giveResult(validation, { out, html, json }, { page, lines: linesOf }, context);
  return validation.state === 'passed' ? EXIT.passed : EXIT.gateFailed;
}

/** @throws InputError for a file that is no inventory */
export function readInventory(path: string): Inventory {
  let given: unknown;
  try {
    given = parse(readRegularText(path, MOST_RECORD));
  } catch (error) {
    throw new InputError(`the inventory cannot be read: ${messageOf(error)}`, {
      where: path,
      next: 'take one with "vecproof inventory … --out inventory.json"',
      cause: error,
    });
  }
  const parsed = inventorySchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InputError(`is no inventory of this version: ${issue?.path.join('.')}: ${issue?.message}`, {
    where: path,
    cause: parsed.error,
  });
}

function linesOf({ place, points, state, counts, findings, checks }: Validation): string[] {
  const found = (['error', 'warning', 'note'] as const)
    .filter((severity) => counts[severity] > 0)
    .map((severity) => `${counts[severity]} ${severity}${counts[severity] === 1 ? '' : 's'}`);
  const unchecked = checks.filter((each) => each.state === 'not-checked');
  return [
    `${state}: ${place}, ${points} points, ${found.length === 0 ? 'nothing found' : found.join(', ')}`,
    ...findings.flatMap(({ severity, check, of, what, examples, remedy }) => [
      `${severity}: ${check}${of === '' ? '' : ` (${of})`}: ${what}${examples.length === 0 ? '' : `, such as ${examples.join(', ')}`}`,
      `    ${remedy}`,
    ]),
    ...(unchecked.length === 0 ? [] : [`not checked: ${unchecked.map(({ check }) => check).join(', ')}`]),
  ];
}
