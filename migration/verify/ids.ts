import { createHash } from 'node:crypto';
import type { PointId } from '../../engines/contract/ids.js';
import { idType, type PointShape } from '../export/canonical.js';
import { acceptedRows } from '../mapping/ids.js';
import type { Mapping } from '../mapping/mapping.js';
import type { Difference } from './compare.js';

/** Which id a point must have in the target; written apart from the code that loads. */
export interface ExpectedIds {
  of(id: PointId, tenant?: string): PointId;
  /** The typed id of the source as text, where it is kept in a field. */
  kept(id: PointId): string;
  /** The source's id of one of the target's; absent: ids tell it themselves. Empty: it is not known. */
  original?(id: PointId): Pick<Difference, 'type' | 'id'>[];
}

/** The namespace of the rule `uuid5` as people write it; docs/migration.md. */
const NAMESPACE = '9f2c7a4e-51d8-4b3e-8a06-c1d27be4f359';

export async function expectedIds(
  mapping: Mapping,
  shape: Pick<PointShape, 'ids'>,
  folder: string,
): Promise<ExpectedIds> {
  const { how } = mapping.ids;
  const kept = (id: PointId): string => `${idType(shape, id)[0]}:${id}`;
  if (how === 'file') {
    const rows = await acceptedRows(mapping, folder);
    const numbers = mapping.target.ids === 'u32' || mapping.target.ids === 'u64';
    const idFrom = (text: string): PointId => (numbers ? BigInt(text) : text);
    const own = (tenant: string | undefined, typed: string) => JSON.stringify([tenant ?? null, typed]);
    const forth = new Map<string, PointId>(
      rows.map(({ source, target, tenant }) => [
        own(tenant, `${source.type[0]}:${source.id}`),
        idFrom(target),
      ]),
    );
    const back = new Map(rows.map(({ source, target }) => [idFrom(target), source] as const));
    // What the map has not is expected under no id of the target: it shows as missing.
    return {
      of: (id, tenant) =>
        forth.get(own(tenant, kept(id))) ??
        forth.get(own(undefined, kept(id))) ??
        `not in the map: ${kept(id)}`,
      kept,
      original: (id) => [back.get(id)].filter((each) => each !== undefined),
    };
  }
  const original = (typed: string) => {
    const text = typed.slice(2);
    if (typed.startsWith('i:')) return [{ type: 'integer' as const, id: BigInt(text) }];
    return [{ type: typed.startsWith('u:') ? ('uuid' as const) : ('string' as const), id: text }];
  };
  if (how === 'typed') return { of: kept, kept, original: (id) => original(String(id)) };
  if (how === 'tenant') {
    const escaped = (tenant: string) => tenant.split('%').join('%25').split('/').join('%2F');
    return {
      of: (id, tenant) => `${tenant === undefined ? '%' : escaped(tenant)}/${kept(id)}`,
      kept,
      original: (id) => original(String(id).replace(/^[^/]*\//, '')),
    };
  }
  if (how === 'uuid5') return { of: (id) => versionFive(kept(id)), kept, original: () => [] };
  const text = mapping.target.ids === 'string' || mapping.target.ids === 'uuid';
  return { of: (id) => (text ? `${id}` : id), kept };
}

/** RFC 9562, 5.5, over its bytes as a number. */
function versionFive(name: string): string {
  const space = Buffer.from(NAMESPACE.replaceAll('-', ''), 'hex');
  const digest = createHash('sha1')
    .update(Buffer.concat([space, Buffer.from(name, 'utf8')]))
    .digest('hex');
  let number = BigInt(`0x${digest.slice(0, 32)}`);
  number = (number & ~(0xfn << 76n)) | (5n << 76n);
  number = (number & ~(3n << 62n)) | (2n << 62n);
  const hex = number.toString(16).padStart(32, '0');
  return [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ]
    .map(([from, to]) => hex.slice(from, to))
    .join('-');
}
