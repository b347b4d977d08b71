import { extname, resolve } from 'node:path';
import { stringify } from 'yaml';
import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { oneLine } from '../../common/visible.js';
import { preparation } from '../../harness/app/context.js';
import type { Inventory } from '../../migration/inventory/model.js';
import { takeInventory } from '../../migration/inventory/take.js';
import type { CommandContext } from '../context.js';
import { printJson } from '../terminal.js';

export interface InventoryCommand {
  out?: string;
  html?: string;
  json?: boolean;
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
  const format = out === undefined ? undefined : formatOf(out);
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
  const text = `${JSON.stringify(inventory, undefined, 2)}\n`;
  if (out !== undefined)
    writeFileAtomic(resolve(context.cwd, out), format === 'json' ? text : stringify(inventory));
  if (html !== undefined) {
    const { inventoryPage } = await import('../../reports/migration/inventory.js');
    writeFileAtomic(resolve(context.cwd, html), inventoryPage(inventory));
  }
  if (json) printJson(context.out, inventory, 2);
  else context.out.write(`${linesOf(inventory).map(oneLine).join('\n')}\n`);
  const wrote = [out, html].filter((each) => each !== undefined);
  if (!json) for (const each of wrote) context.out.write(`wrote ${each}\n`);
  return EXIT.passed;
}

function formatOf(path: string): 'json' | 'yaml' {
  const end = extname(path);
  if (end === '.json') return 'json';
  if (end === '.yaml' || end === '.yml') return 'yaml';
  throw new InputError('must end in .json, .yaml or .yml', { where: '--out', got: path });
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
