import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { FailureError, InputError, shorten } from '../../common/errors.js';
import { readRegular } from '../../common/regular-file.js';
import type { IdKind, PointId } from '../../engines/contract/ids.js';
import { idType, type PointShape } from '../export/canonical.js';
import { type IdRow, readIds } from './id-file.js';
import type { Mapping } from './mapping.js';
import { fromTypedText, tenantText, typedText } from './typed-id.js';

type Shape = Pick<PointShape, 'ids'>;

/** Of all ids that this project makes UUIDs of: a UUID of its own, drawn once. */
const NAMESPACE = Buffer.from('9f2c7a4e51d84b3e8a06c1d27be4f359', 'hex');

/** UUID of version 5 (RFC 9562, 5.5) of a text. */
export function uuid5(text: string): string {
  const hash = createHash('sha1').update(NAMESPACE).update(text, 'utf8').digest().subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** What an id of the source becomes in the target: by the rule `tenant`, and by some maps, that of a tenant's point. */
export type IdOf = (id: PointId, tenant?: string) => PointId;

/**
 * The mapping's rule for ids.
 *
 * @param folder where the mapping stands: its map of ids is beside it
 * @throws InputError if the rule does not fit the target's kind of ids, or its map is not the one that was accepted
 */
export async function idsOf(mapping: Mapping, shape: Shape, folder: string): Promise<IdOf> {
  const { ids, target } = mapping;
  const integers = target.ids === 'u32' || target.ids === 'u64';
  if (ids.how === 'file') return fromFile(mapping, shape, folder);
  requireKind(mapping);
  if (ids.how === 'tenant') return (id, tenant) => tenantText(tenant, { type: idType(shape, id), id });
  if (ids.how === 'typed') return (id) => typedText({ type: idType(shape, id), id });
  if (ids.how === 'uuid5') return (id) => uuid5(typedText({ type: idType(shape, id), id }));
  return integers ? (id) => id : (id) => String(id);
}

const WANTED: Readonly<Partial<Record<Mapping['ids']['how'], readonly IdKind[]>>> = {
  text: ['string'],
  typed: ['string'],
  tenant: ['string'],
  uuid5: ['uuid', 'string'],
};

function requireKind({ ids, target }: Mapping): void {
  const wanted = WANTED[ids.how];
  if (wanted === undefined || wanted.includes(target.ids)) return;
  throw new InputError(
    `ids by the rule "${ids.how}" are ${wanted.join(' or ')}, and the target's are ${target.ids}`,
    {
      where: 'mapping: ids.how',
      next: `write target.ids: ${wanted[0]}, or another rule`,
    },
  );
}

async function fromFile(mapping: Mapping, shape: Shape, folder: string): Promise<IdOf> {
  const known = new Map<string, PointId>();
  let ofTenants = false;
  for (const row of await acceptedRows(mapping, folder)) {
    ofTenants ||= row.tenant !== undefined;
    const source = row.tenant === undefined ? typedText(row.source) : tenantText(row.tenant, row.source);
    known.set(source, targetId(mapping.target.ids, row.target));
  }
  return (id, tenant) => {
    const typed = { type: idType(shape, id), id };
    const own = ofTenants && tenant !== undefined ? known.get(tenantText(tenant, typed)) : undefined;
    const found = own ?? known.get(typedText(typed));
    if (found !== undefined) return found;
    throw new FailureError('the map of ids does not have this id', {
      where: `id ${shorten(id)}`,
      got: mapping.ids.file ?? undefined,
      next: 'add it to the map and make the mapping again',
    });
  };
}

function targetId(kind: IdKind, text: string): PointId {
  if (kind === 'string' || kind === 'uuid') return text;
  if (/^-?\d+$/.test(text)) return BigInt(text);
  throw new InputError(`the map of ids gives ${shorten(text)}, which is no integer`, {
    where: 'mapping: ids.file',
    next: `give integers, or write target.ids: string`,
  });
}

/** The rows of the mapping's map of ids, if it is the file that the mapping names by its hash. */
export async function acceptedRows({ ids }: Mapping, folder: string): Promise<IdRow[]> {
  if (ids.file === null)
    throw new InputError('names no map of ids', {
      where: 'mapping: ids.file',
      next: 'give the file of the map',
    });
  const path = resolve(folder, ids.file);
  if (ids.sha256 !== null) {
    const got = createHash('sha256').update(readRegular(path, Number.POSITIVE_INFINITY)).digest('hex');
    if (got !== ids.sha256)
      throw new InputError('is not the map of ids that the mapping was made with: its SHA-256 is another', {
        where: path,
        got,
        next: 'restore the file, or make the mapping again',
      });
  }
  return readIds(path);
}

/** Which of the ids in a map, of the source or of the target, are meant by what people write. */
export function lookUp(rows: readonly IdRow[], wanted: string): IdRow[] {
  const typed = fromTypedText(wanted);
  return rows.filter(
    ({ source, target, native, tenant }) =>
      (tenant !== undefined && tenantText(tenant, source) === wanted) ||
      target === wanted ||
      native === wanted ||
      String(source.id) === wanted ||
      (typed !== undefined && typed.type === source.type && typed.id === source.id),
  );
}
