import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import type { Point } from '../../engines/contract/points.js';
import { type Manifest, shapeOf } from './manifest.js';
import { readPart } from './part-files.js';
import type { OpenExport } from './reader.js';

/**
 * Points of an export as far as some metadata fields: without vectors, which take most of the time to read.
 * @param manifest also one that is not written yet: its parts are
 * @param fields first names of the fields, without what follows a dot
 */
export async function* readRecords(
  folder: string,
  manifest: Pick<Manifest, 'ids' | 'vectors' | 'fields' | 'nestedTimestamps' | 'parts'>,
  fields: ReadonlySet<string>,
): AsyncGenerator<Point[]> {
  const shape = { ...shapeOf(manifest), vectors: [] };
  const read = {
    timestamps: shape.timestamps,
    idColumn: manifest.ids.column,
    vectors: [],
    fields: manifest.fields.flatMap(({ name, type }) =>
      type !== null && fields.has(name) ? [{ name, type }] : [],
    ),
  };
  for (const { file } of manifest.parts) yield* readPart(join(folder, file), read, shape);
}

/** Collections of which a target can be made. */
const MOST_TENANTS = 10_000;

/** The tenants of an export's points. @throws InputError for more than 10,000 */
export async function tenantsIn({
  folder,
  manifest,
}: Pick<OpenExport, 'folder' | 'manifest'>): Promise<string[]> {
  const tenants = new Set<string>();
  for await (const points of readRecords(folder, manifest, new Set()))
    for (const { tenant } of points) {
      if (tenant === undefined) continue;
      tenants.add(tenant);
      if (tenants.size > MOST_TENANTS)
        throw new InputError(`has more than ${MOST_TENANTS} tenants, too many for a collection each`, {
          where: folder,
          next: 'tell tenants apart within one collection: leave {tenant} out of its name',
        });
    }
  return [...tenants].sort();
}

/** The first points of an export, whole. */
export async function firstPoints(
  folder: string,
  manifest: Pick<Manifest, 'ids' | 'vectors' | 'fields' | 'nestedTimestamps' | 'parts'>,
  count: number,
): Promise<Point[]> {
  const shape = shapeOf(manifest);
  const fields = manifest.fields.flatMap(({ name, type }) => (type === null ? [] : [{ name, type }]));
  const read = {
    timestamps: shape.timestamps,
    idColumn: manifest.ids.column,
    vectors: shape.vectors,
    fields,
  };
  const found: Point[] = [];
  for (const { file } of manifest.parts) {
    if (found.length >= count) break;
    const range = { from: 0, to: count - found.length };
    for await (const points of readPart(join(folder, file), read, shape, range)) found.push(...points);
  }
  return found;
}
