import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { InputError, shorten } from '../../common/errors.js';
import { readRegular } from '../../common/regular-file.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { PointId } from '../../engines/contract/ids.js';
import { idType } from '../export/canonical.js';
import type { OpenExport } from '../export/reader.js';
import { Collisions, hashOf } from './collisions.js';
import { IdFile, type IdRow, readIds } from './id-file.js';
import { type IdOf, idsOf } from './ids.js';
import type { IdRule, Mapping } from './mapping.js';
import { type TypedId, typedText } from './typed-id.js';

export interface IdWishes {
  ids?: IdRule | undefined;
  idFile?: { name: string; path: string } | undefined;
  keepId?: string | undefined;
  signal: AbortSignal;
}

/**
 * Settles how ids become those of the target, in the mapping that is given. No two may become one: 7 and "7" would as
 * texts, and then get their type before them.
 *
 * @throws InputError where two ids become one by the rule that was asked for, or a map of ids lacks one
 */
export async function chooseIds(
  mapping: Mapping,
  opened: OpenExport,
  engine: Pick<EngineDefinition, 'nativeIds'>,
  { ids, idFile, keepId, signal }: IdWishes,
): Promise<void> {
  if (ids !== undefined) mapping.ids.how = ids;
  mapping.ids.keep = keepId ?? null;
  if (ids === 'uuid5') {
    mapping.target.ids = 'uuid';
    mapping.ids.keep = keepId ?? 'source_id';
  }
  if (ids === 'typed' || ids === 'text') mapping.target.ids = 'string';
  if (idFile !== undefined) {
    mapping.ids.how = 'file';
    mapping.ids.file = idFile.name;
    mapping.ids.sha256 = createHash('sha256')
      .update(readRegular(idFile.path, Number.POSITIVE_INFINITY))
      .digest('hex');
    mapping.target.ids = await kindOf(idFile.path);
  } else if (ids === 'file') {
    throw new InputError('needs a map of ids', {
      where: '--ids file',
      next: 'give it with --id-file ids.parquet',
    });
  }
  mapping.ids.native = engine.nativeIds?.words(mapping.target.ids) ?? null;
  const folder = idFile === undefined ? '.' : dirname(idFile.path);
  const found = await clash(mapping, opened, engine, folder, signal);
  if (found === undefined) return;
  if (ids === undefined && mapping.ids.how === 'text') {
    mapping.ids.how = 'typed';
    return;
  }
  throw new InputError(
    `two ids become one by the rule "${mapping.ids.how}": the ${found[0].type} ${shorten(found[0].id)} and the ${found[1].type} ${shorten(found[1].id)}`,
    { where: 'ids of the export', next: 'choose --ids typed, or give a map of your own with --id-file' },
  );
}

/** What kind of ids the targets of a map are. */
async function kindOf(path: string): Promise<'u64' | 'uuid' | 'string'> {
  const rows = await readIds(path);
  const all = (form: RegExp) => rows.length > 0 && rows.every(({ target }) => form.test(target));
  if (all(/^\d+$/)) return 'u64';
  return all(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) ? 'uuid' : 'string';
}

/** Two ids of the export that become one, by the mapping or in the target's own form. */
async function clash(
  mapping: Mapping,
  opened: OpenExport,
  { nativeIds }: Pick<EngineDefinition, 'nativeIds'>,
  folder: string,
  signal: AbortSignal,
): Promise<readonly [TypedId, TypedId] | undefined> {
  const { how } = mapping.ids;
  const kinds = Object.values(kindsOf(opened)).filter((count) => count > 0).length;
  const native = nativeIds?.words(mapping.target.ids) !== undefined;
  // Ids of one kind stay different as texts, and so do those that have their type before them.
  if (!native && how !== 'uuid5' && how !== 'file' && (how === 'typed' || kinds < 2)) return undefined;
  const idOf = await idsOf(mapping, opened.shape, folder);
  const final = (id: PointId): PointId => nativeIds?.of(mapping.target.ids, idOf(id)) ?? idOf(id);
  const collisions = new Collisions();
  for await (const id of idsIn(opened, signal)) collisions.add(final(id));
  const suspects = collisions.suspects();
  if (suspects.size === 0) return undefined;
  const seen = new Map<PointId, TypedId>();
  for await (const id of idsIn(opened, signal)) {
    const mapped = final(id);
    if (!suspects.has(hashOf(mapped))) continue;
    const typed = { type: idType(opened.shape, id), id };
    const other = seen.get(mapped);
    if (other !== undefined && typedText(other) !== typedText(typed)) return [other, typed];
    seen.set(mapped, typed);
  }
  return undefined;
}

function kindsOf({ manifest: { ids } }: OpenExport) {
  return { integer: ids.integer, string: ids.string, uuid: ids.uuid };
}

async function* idsIn({ points }: OpenExport, signal: AbortSignal): AsyncGenerator<PointId> {
  for await (const group of points()) {
    signal.throwIfAborted();
    for (const { id } of group) yield id;
  }
}

/** Whether people need a file to find out which id became which. */
export function needsIdMap({ ids }: Mapping): boolean {
  return ids.how === 'typed' || ids.how === 'uuid5' || ids.native !== null;
}

const ROWS = 50_000;

/**
 * Writes the map of all ids, for looking them up on both sides.
 * @returns its SHA-256
 */
export async function writeIdMap(
  mapping: Mapping,
  opened: OpenExport,
  { nativeIds }: Pick<EngineDefinition, 'nativeIds'>,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  const idOf: IdOf = await idsOf(mapping, opened.shape, dirname(path));
  const file = new IdFile(path);
  try {
    let rows: IdRow[] = [];
    for await (const id of idsIn(opened, signal)) {
      const target = idOf(id);
      const native = nativeIds?.of(mapping.target.ids, target);
      rows.push({
        source: { type: idType(opened.shape, id), id },
        target: String(target),
        ...(native !== undefined && { native: String(native) }),
      });
      if (rows.length < ROWS) continue;
      file.write(rows);
      rows = [];
    }
    file.write(rows);
    return file.finish();
  } catch (error) {
    file.abandon();
    throw error;
  }
}
