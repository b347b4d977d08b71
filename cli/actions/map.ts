import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { visible } from '../../common/visible.js';
import { loadEngine } from '../../engines/registry.js';
import { preparation } from '../../harness/app/context.js';
import { displayPath } from '../../harness/app/places.js';
import { openExport } from '../../migration/export/reader.js';
import { needsIdMap, writeIdMap } from '../../migration/mapping/choose-ids.js';
import type { IdRow } from '../../migration/mapping/id-file.js';
import { acceptedRows, lookUp } from '../../migration/mapping/ids.js';
import { type MapOptions, mapExport } from '../../migration/mapping/map.js';
import {
  ID_RULES,
  type IdRule,
  type Loss,
  type Mapping,
  readMapping,
  writeMapping,
} from '../../migration/mapping/mapping.js';
import type { CommandContext } from '../context.js';
import { bytesOf } from '../sizes.js';
import { printJson } from '../terminal.js';

export interface MapCommand {
  to?: string;
  out: string;
  index: Record<string, unknown>;
  queries?: string;
  threshold: number[];
  required?: string[];
  keyword?: string[];
  displayed?: string[];
  context?: string[];
  ids?: string;
  idFile?: string;
  keepId?: string;
  k?: number;
  updates?: number;
  memory?: string;
  latency?: number;
  acceptAll?: string;
  lookup?: string;
  json?: boolean;
}

/** `vecproof map`: the mapping of an export to a target, for people to read and accept. */
export async function mapCommand(
  folder: string,
  command: MapCommand,
  context: CommandContext,
): Promise<ExitCode> {
  if (command.lookup !== undefined) return lookUpCommand(folder, command.lookup, command, context);
  const { to, out, acceptAll, json = false } = command;
  if (to === undefined) {
    throw new InputError('the target is missing', { where: '--to', next: 'write engine:address#collection' });
  }
  const path = resolve(context.cwd, out);
  const exported = resolve(context.cwd, folder);
  const proposed = await mapExport(exported, to, {
    ...optionsOf(command, path, context),
    signal: context.signal,
    onProgress: preparation(context, 'map', 'points'),
  });
  const losses = proposed.losses.map((each) => ({ ...each, accepted: acceptAll ?? each.accepted }));
  const mapping = { ...proposed, losses };
  const ids = needsIdMap(mapping) ? await mapOfIds(mapping, exported, path, context) : undefined;
  writeMapping(path, mapping);
  context.progress.end();
  const shown = displayPath(path, context.cwd);
  if (json) printJson(context.out, { path: shown, mapping }, 2);
  else context.out.write(`${linesOf(mapping, acceptAll, [...(ids ?? []), shown]).join('\n')}\n`);
  return EXIT.passed;
}

function optionsOf(command: MapCommand, path: string, { cwd }: CommandContext): Omit<MapOptions, 'signal'> {
  const { index, queries, threshold, required, keyword, displayed, context, keepId, k, updates, latency } =
    command;
  const idFile = command.idFile === undefined ? undefined : resolve(cwd, command.idFile);
  return {
    index,
    queries: queries === undefined ? undefined : { path: resolve(cwd, queries), shown: queries },
    thresholds: threshold,
    ...(required && { required }),
    ...(keyword && { keyword }),
    ...(displayed && { displayed }),
    ...(context && { context }),
    ids: command.ids === undefined ? undefined : ruleOf(command.ids),
    idFile: idFile === undefined ? undefined : { path: idFile, name: relative(dirname(path), idFile) },
    keepId,
    budget: {
      ...(k !== undefined && { k }),
      ...(updates !== undefined && { updatesPerDay: updates }),
      ...(latency !== undefined && { latencyMs: latency }),
      ...(command.memory !== undefined && { memoryBytes: bytesOf(command.memory) }),
    },
  };
}

function ruleOf(text: string): IdRule {
  const rule = ID_RULES.find((each) => each === text);
  if (rule !== undefined) return rule;
  throw new InputError('is no rule for ids', {
    where: '--ids',
    got: text,
    next: `use one of ${ID_RULES.join(', ')}`,
  });
}

/** Writes the map of ids beside the mapping, and names it there. */
async function mapOfIds(mapping: Mapping, exported: string, path: string, { cwd, signal }: CommandContext) {
  const stem = basename(path, extname(path));
  const name = `${stem}.ids.parquet`;
  const file = join(dirname(path), name);
  const definition = await loadEngine(mapping.target.engine);
  mapping.ids.sha256 = await writeIdMap(mapping, openExport(exported), definition, file, signal);
  mapping.ids.file = name;
  return [displayPath(file, cwd)];
}

function linesOf(mapping: Mapping, acceptAll: string | undefined, written: readonly string[]): string[] {
  const { vectors, fields, source, target, losses, ids, thresholds } = mapping;
  const required = fields.filter((field) => field.required).map(({ from }) => visible(from));
  const filterable = fields.filter((field) => field.filterable).map(({ from }) => visible(from));
  return [
    `${source.points} points of ${source.engine} ${source.collection} to ${target.place}: ${vectors.length} vectors, ${fields.length} fields`,
    `ids: ${ids.how}${ids.native === null ? '' : ` (in the target ${ids.native})`}`,
    ...(required.length === 0 ? [] : [`never loaded without: ${required.join(', ')}`]),
    ...(filterable.length === 0 ? [] : [`filtered by: ${filterable.join(', ')}`]),
    ...vectors.flatMap(({ from, scores }) =>
      scores === undefined || scores.rule === ''
        ? []
        : [`scores of "${visible(from)}": ${scores.rule}, where s is the source’s`],
    ),
    ...thresholds.map(
      ({ source: from, target: to, keeps, why }) =>
        `threshold ${from}: ${to === null ? `none in the target, ${why}` : `${keeps} ${to} in the target`}`,
    ),
    ...target.reason.map((reason) => `index: ${reason}`),
    losses.length === 0
      ? 'nothing is lost'
      : `${losses.length} losses${acceptAll === undefined ? ' to accept' : ''}:`,
    ...losses.map(lossLine),
    ...written.map((file) => `wrote ${file}`),
  ];
}

/** Which id became which: of the source, of the target, or as the target’s server has it. */
async function lookUpCommand(
  path: string,
  id: string,
  { json = false }: MapCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const file = resolve(context.cwd, path);
  const { mapping } = readMapping(file);
  if (mapping.ids.file === null) {
    throw new InputError('has no map of ids: they are the same on both sides, but for their type', {
      where: path,
      next: 'ask the target by the id itself',
    });
  }
  const found = lookUp(await acceptedRows(mapping, dirname(file)), id);
  if (json) printJson(context.out, found.map(rowRecord), 2);
  else for (const row of found) context.out.write(`${rowLine(row)}\n`);
  if (found.length > 0) return EXIT.passed;
  context.err.write('no id of the source or the target is that\n');
  return EXIT.gateFailed;
}

const rowRecord = ({ source, target, native, tenant }: IdRow) => ({
  type: source.type,
  source: String(source.id),
  ...(tenant !== undefined && { tenant }),
  target,
  ...(native !== undefined && { native }),
});

function rowLine({ source, target, native, tenant }: IdRow): string {
  const whose = tenant === undefined ? '' : ` of tenant ${visible(tenant)}`;
  const of = `${source.type} ${visible(String(source.id))}${whose} is ${visible(target)} in the target`;
  return native === undefined ? of : `${of}, whose server has it as ${visible(native)}`;
}

/** A loss on one line. */
export function lossLine({ loss, of, points, example, severity, remedy }: Loss): string {
  const where = of === '' ? '' : ` of "${visible(of)}"`;
  const asked = loss.startsWith('filter-')
    ? 'queries'
    : loss.startsWith('threshold-')
      ? 'thresholds'
      : 'points';
  const such = asked === 'points' ? 'id ' : '';
  const shown = example === undefined ? '' : `, such as ${such}${visible(example)}`;
  return `  ${severity.padEnd(8)} ${loss}${where}: ${points} ${asked}${shown}; ${remedy}`;
}
