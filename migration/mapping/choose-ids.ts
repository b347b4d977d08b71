import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { InputError, shorten } from '../../common/errors.js';
import { readRegular } from '../../common/regular-file.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { PointId } from '../../engines/contract/ids.js';
import { idType } from '../export/canonical.js';
import type { OpenExport } from '../export/reader.js';
import { readRecords } from '../export/records.js';
import { Collisions, hashOf } from './collisions.js';
import { IdFile, type IdRow, readIds } from './id-file.js';
import { type IdOf, idsOf } from './ids.js';
import type { IdRule, Mapping } from './mapping.js';
import type { Observed } from './observe.js';
import { type TypedId, typedText } from './typed-id.js';

export interface IdWishes {
  ids?: IdRule | undefined;
  idFile?: { name: string; path: string } | undefined;
  keepId?: string | undefined;
  signal: AbortSignal;
}

/** Points whose ids are mapped, and the engine that they go to. */
export interface IdNeeds {
  opened: OpenExport;
  observed: Pick<Observed, 'mayRepeat'>;
  engine: Pick<EngineDefinition, 'nativeIds'>;
}

/**
 * Settles how ids become those of the target, in the mapping that is given. No two may become one: 7 and "7" would as
 * texts, and then get their type before them; so would the same id of two tenants, and then gets its tenant before it.
 *
 * @throws InputError where two ids become one by the rule that was asked for, a tenant has an id twice, or a map of ids lacks one
 */
export async function chooseIds(
  mapping: Mapping,
  needs: IdNeeds,
  { ids, idFile, keepId, signal }: IdWishes,
): Promise<void> {
  if (ids !== undefined) mapping.ids.how = ids;
  mapping.ids.keep = keepId ?? null;
  if (ids === 'uuid5') {
    mapping.target.ids = 'uuid';
    mapping.ids.keep = keepId ?? 'source_id';
  }
  if (ids === 'typed' || ids === 'text' || ids === 'tenant') mapping.target.ids = 'string';
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
  const native = () => needs.engine.nativeIds?.words(mapping.target.ids) ?? null;
  mapping.ids.native = native();
  const folder = idFile === undefined ? '.' : dirname(idFile.path);
  let found = await clash(mapping, needs, folder, signal);
  if (ids === undefined && mapping.ids.how === 'text' && found !== undefined) {
    mapping.ids.how = 'typed';
    found = await clash(mapping, needs, folder, signal);
  }
  if (ids === undefined && idFile === undefined && found !== undefined && isRepeated(found)) {
    Object.assign(mapping.target, { ids: 'string' });
    Object.assign(mapping.ids, { how: 'tenant', native: native() });
    found = await clash(mapping, needs, folder, signal);
  }
  if (found !== undefined) throw refusal(mapping, found);
}

/**
 * Holds a mapping that may have been edited against its points, before anything is written.
 * @param folder where the mapping stands
 * @throws InputError where two points would get one id: only one of them could be kept
 */
export async function requireDistinct(
  mapping: Mapping,
  needs: IdNeeds,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const found = await clash(mapping, needs, folder, signal);
  if (found !== undefined) throw refusal(mapping, found);
}

/** An id with the tenant whose point it is. */
type Owned = TypedId & { tenant: string | undefined };
type Clash = readonly [Owned, Owned];

/** The same id of two tenants. */
function isRepeated([a, b]: Clash): boolean {
  return typedText(a) === typedText(b) && a.tenant !== b.tenant;
}

function refusal(mapping: Mapping, [a, b]: Clash): InputError {
  const where = 'ids of the export';
  const of = ({ tenant }: Owned) => (tenant === undefined ? 'no tenant' : `tenant ${shorten(tenant)}`);
  if (typedText(a) !== typedText(b))
    return new InputError(
      `two ids become one by the rule "${mapping.ids.how}": the ${a.type} ${shorten(a.id)} and the ${b.type} ${shorten(b.id)}`,
      { where, next: 'choose --ids typed, or give a map of your own with --id-file' },
    );
  if (a.tenant !== b.tenant)
    return new InputError(
      `the id ${shorten(a.id)} is of two points, one of ${of(a)} and one of ${of(b)}: by the rule "${mapping.ids.how}" one would overwrite the other`,
      { where, next: 'choose --ids tenant, or give a map with source_tenant with --id-file' },
    );
  return new InputError(
    `the id ${shorten(a.id)} is of two points of ${of(a)}: a collection holds one of them`,
    {
      where,
      next: 'remove one of them in the source, or say which field tells them apart with ?tenant= or ?key= of the source, and export again',
    },
  );
}

/** What kind of ids the targets of a map are. */
async function kindOf(path: string): Promise<'u64' | 'uuid' | 'string'> {
  const rows = await readIds(path);
  const all = (form: RegExp) => rows.length > 0 && rows.every(({ target }) => form.test(target));
  if (all(/^\d+$/)) return 'u64';
  return all(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) ? 'uuid' : 'string';
}

/** Two points of the export whose ids become one, by the mapping or in the target's own form. */
async function clash(
  mapping: Mapping,
  { opened, observed, engine: { nativeIds } }: IdNeeds,
  folder: string,
  signal: AbortSignal,
): Promise<Clash | undefined> {
  const { how } = mapping.ids;
  const kinds = Object.values(kindsOf(opened)).filter((count) => count > 0).length;
  const native = nativeIds?.words(mapping.target.ids) !== undefined;
  // Different ids of one kind stay different as texts, and so do those that have their type before them.
  const stay =
    !native && how !== 'uuid5' && how !== 'file' && (how === 'typed' || how === 'tenant' || kinds < 2);
  if (stay && !observed.mayRepeat) return undefined;
  const idOf = await idsOf(mapping, opened.shape, folder);
  const final = ({ id, tenant }: Owned): PointId =>
    nativeIds?.of(mapping.target.ids, idOf(id, tenant)) ?? idOf(id, tenant);
  const collisions = new Collisions();
  for await (const each of idsIn(opened, signal)) collisions.add(final(each));
  const suspects = collisions.suspects();
  if (suspects.size === 0) return undefined;
  const seen = new Map<PointId, Owned>();
  for await (const each of idsIn(opened, signal)) {
    const mapped = final(each);
    if (!suspects.has(hashOf(mapped))) continue;
    const other = seen.get(mapped);
    if (other !== undefined) return [other, each];
    seen.set(mapped, each);
  }
  return undefined;
}

function kindsOf({ manifest: { ids } }: OpenExport) {
  return { integer: ids.integer, string: ids.string, uuid: ids.uuid };
}

async function* idsIn({ folder, manifest, shape }: OpenExport, signal: AbortSignal): AsyncGenerator<Owned> {
  for await (const group of readRecords(folder, manifest, new Set())) {
    signal.throwIfAborted();
    for (const { id, tenant } of group) yield { type: idType(shape, id), id, tenant };
  }
}

/** Whether people need a file to find out which id became which. */
export function needsIdMap({ ids }: Mapping): boolean {
  return ['typed', 'tenant', 'uuid5'].includes(ids.how) || ids.native !== null;
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
    for await (const { type, id, tenant } of idsIn(opened, signal)) {
      const target = idOf(id, tenant);
      const native = nativeIds?.of(mapping.target.ids, target);
      rows.push({
        source: { type, id },
        ...(mapping.ids.how === 'tenant' && tenant !== undefined && { tenant }),
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
