import { resolve } from 'node:path';
import { EXIT, type ExitCode } from '../../common/errors.js';
import { preparation } from '../../harness/app/context.js';
import type { Inventory } from '../../migration/inventory/model.js';
import { takeInventory } from '../../migration/inventory/take.js';
import type { CommandContext } from '../context.js';
import { giveResult, type ResultOptions, requireResultFile } from '../migration-result.js';

export interface InventoryCommand extends ResultOptions {
  queries?: string;
  tenant?: string;
  byId?: number;
}

/** `vecproof inventory`: what a place holds. Warnings do not fail it. */
export async function inventoryCommand(
  place: string,
  { out, html, json = false, queries, tenant, byId }: InventoryCommand,
  context: CommandContext,
): Promise<ExitCode> {
  requireResultFile({ out });
  const tell = {
    scan: preparation(context, 'scan', 'points'),
    check: preparation(context, 'check', 'points'),
  };
  const inventory = await takeInventory(place, {
    cwd: context.cwd,
    env: context.env,
    signal: context.signal,
    queries: queries === undefined ? undefined : resolve(context.cwd, queries),
    tenantField: tenant,
    byId,
    onProgress: (pass, done, total) => tell[pass](done, total),
  });
  context.progress.end();
  const page = async (result: Inventory) =>
    (await import('../../reports/migration/inventory.js')).inventoryPage(result);
  await giveResult(inventory, { out, html, json }, { page, lines: linesOf }, context);
  return EXIT.passed;
}

function linesOf(inventory: Inventory): string[] {
  const { place, engine, engineVersion, counts, vectors, fields, fingerprint, warnings, tenants } = inventory;
  const { counter, scanned, distinct, byId } = counts;
  const asked = fingerprint.filter(({ state }) => state !== 'not-asked');
  const readable =
    byId === null ? 'not asked by id' : `${byId.withVector} of ${byId.asked} with their vectors by id`;
  return [
    `${place} (${engine}${engineVersion === null ? '' : ` ${engineVersion}`}), ${inventory.consistency}`,
    `  points      ${counter} by its counter, ${distinct} different ids in ${scanned} scanned, ${readable}`,
    ...(tenants.points > 0 ? [`  tenants     ${tenants.distinct.count}, of ${tenants.points} points`] : []),
    ...vectors.map(vectorLine),
    `  fields      ${fields.length === 0 ? 'none' : fields.map(fieldWords).join(', ')}`,
    `  filters     ${asked.filter(({ state }) => state === 'same').length} of ${asked.length} probes as expected, ${fingerprint.length - asked.length} not asked`,
    ...warnings.map(({ about, what }) => `warning: ${about}: ${what}`),
  ];
}

function vectorLine({
  name,
  type,
  kind,
  dimensions,
  declared,
  measured,
  points,
  unit,
}: Inventory['vectors'][number]) {
  const shape = kind === 'dense' ? `${dimensions} × ${type}` : kind;
  const metric =
    measured.state === 'measured' || measured.state === 'approximate'
      ? `measured ${measured.metric} (${measured.form})`
      : 'not measured';
  const share = points === 0 ? '' : `, ${Math.round((100 * unit) / points)}% of length 1`;
  return `  vector      ${name}: ${shape}, ${points} points, declared ${declared ?? 'no metric'}, ${metric}${share}`;
}

function fieldWords({ name, type, types, nulls, missing }: Inventory['fields'][number]): string {
  const of = type ?? Object.keys(types).join('|');
  const lacking = nulls + missing;
  return lacking === 0 ? `${name} (${of})` : `${name} (${of}, ${lacking} without)`;
}
