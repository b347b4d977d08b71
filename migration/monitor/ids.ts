import { InputError } from '../../common/errors.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Point } from '../../engines/contract/points.js';
import type { IdType } from '../export/canonical.js';
import { idType, type PointShape } from '../export/canonical.js';
import { acceptedRows, idsOf } from '../mapping/ids.js';
import type { Mapping } from '../mapping/mapping.js';
import { fromTypedText, typedText } from '../mapping/typed-id.js';

/** Ids of both sides, each by the other's. */
export interface Ids {
  toTarget(id: PointId): PointId;
  /** Undefined: the rule has no way back, or no such id comes from it. */
  toSource(id: PointId): PointId | undefined;
  /** Whether `toSource` needs the point of the target itself: its id is a digest, and the source's is kept in a field. */
  kept: string | null;
  fromKept(point: Point): PointId | undefined;
  /** For people and files. */
  text(id: PointId): string;
  type(id: PointId): IdType;
}

export async function idsBetween(
  mapping: Mapping,
  shape: Pick<PointShape, 'ids'>,
  folder: string,
): Promise<Ids> {
  const { how, keep } = mapping.ids;
  if (how === 'tenant')
    throw new InputError(
      'tenants have the same ids: which of their points an answer has cannot be told by its id',
      {
        where: 'mapping: ids.how',
        next: 'watch the collection of one tenant at a time',
      },
    );
  const idOf = await idsOf(mapping, shape, folder);
  const toTarget = (id: PointId) => idOf(id);
  const back = how === 'file' ? await rowsBack(mapping, folder) : undefined;
  const toSource = (id: PointId): PointId | undefined => {
    if (back !== undefined) return back.get(String(id));
    if (how === 'typed') return fromTypedText(String(id))?.id;
    if (how === 'uuid5') return undefined;
    if (how === 'text' || (shape.ids === 'integer' && typeof id === 'string'))
      return shape.ids === 'integer' && /^-?\d+$/.test(String(id)) ? BigInt(id) : id;
    return id;
  };
  const type = (id: PointId) => idType(shape, id);
  return {
    toTarget,
    toSource,
    kept: how === 'uuid5' ? keep : null,
    fromKept: ({ metadata }) => {
      const value = keep === null ? undefined : metadata[keep];
      return typeof value === 'string' ? fromTypedText(value)?.id : undefined;
    },
    text: (id) => typedText({ type: type(id), id }),
    type,
  };
}

async function rowsBack(mapping: Mapping, folder: string): Promise<Map<string, PointId>> {
  const rows = await acceptedRows(mapping, folder);
  return new Map(rows.map(({ source, target }) => [target, source.id]));
}
