import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { SchemaElement } from 'hyparquet';
import type { FieldType } from '../../datasets/dataset.js';
import type { PointId } from '../../engines/contract/ids.js';
import { canonicalText, idBytes, idType, type PointShape } from './canonical.js';
import { ID, ID_TYPE, type IdColumnType, idColumns, scalar } from './columns.js';
import type { Manifest } from './manifest.js';
import { idsIn, openPart } from './part-reader.js';
import { writeParquet } from './part-writer.js';
import { RowSum } from './row-hash.js';

/** Ids that were deleted in the source, so that a copy can delete them, too: docs/export-format.md, "Tombstones". */
export const TOMBSTONES = 'tombstones.parquet';

export interface Tombstone {
  id: PointId;
  /** When, in microseconds since 1970; undefined: not known. */
  deleted?: bigint | undefined;
  /** Position of the deletion in the source's log or history, in its own words. */
  watermark?: string | undefined;
  /** Of the point, as of its deletion: what is older must not bring it back. */
  version?: bigint | undefined;
  tenant?: string | undefined;
  namespace?: string | undefined;
}

const COLUMNS = [
  ['deleted', 'timestamp', 'm'],
  ['watermark', 'string', 's'],
  ['version', 'integer', 'i'],
  ['tenant', 'string', 's'],
  ['namespace', 'string', 's'],
] as const satisfies readonly (readonly [Exclude<keyof Tombstone, 'id'>, FieldType, string])[];

interface IdShape {
  ids: PointShape['ids'];
  idColumn: IdColumnType;
}

/**
 * Writes all tombstones of an export, whole or not at all, and gives what its manifest says of them. Without any, there
 * is no file.
 */
export function writeTombstones(
  folder: string,
  shape: IdShape,
  tombstones: readonly Tombstone[],
): Manifest['tombstones'] {
  if (tombstones.length === 0) return null;
  const path = join(folder, TOMBSTONES);
  const isText = shape.idColumn === 'text' || shape.idColumn === 'typed text';
  const columns: [schema: SchemaElement[], data: unknown[]][] = [
    ...idColumns(shape.idColumn).map((schema): [SchemaElement[], unknown[]] => [
      schema,
      tombstones.map(({ id }) =>
        schema[0]!.name === ID_TYPE ? idType(shape, id) : isText ? String(id) : id,
      ),
    ]),
    ...COLUMNS.map(([name, type]): [SchemaElement[], unknown[]] => [
      [scalar(name, type, 'OPTIONAL')],
      tombstones.map((each) => each[name] ?? null),
    ]),
  ];
  const sum = new RowSum();
  for (const each of tombstones) sum.add(tombstoneHash(shape, each));
  const sha256 = writeParquet(path, columns);
  return { file: TOMBSTONES, bytes: statSync(path).size, sha256, ...sum.result() };
}

/** SHA-256 of the id's canonical bytes and of each column's: `n` if there is none. */
export function tombstoneHash(shape: Pick<PointShape, 'ids'>, tombstone: Tombstone): Buffer {
  const hash = createHash('sha256').update(idBytes(shape, tombstone.id));
  for (const [name, , letter] of COLUMNS) {
    const value = tombstone[name];
    hash.update(value === undefined ? 'n' : canonicalText(letter, String(value)));
  }
  return hash.digest();
}

/**
 * The tombstones of an export, group by group; none if it has none.
 * @throws InputError naming the file if it is damaged
 */
export async function* readTombstones(folder: string, manifest: Manifest): AsyncGenerator<Tombstone[]> {
  if (manifest.tombstones === null) return;
  const { groups } = await openPart(join(folder, manifest.tombstones.file));
  yield* groups(async ({ read, count }) => {
    const ids = await idsIn(manifest.ids.column, read);
    const columns: [keyof Tombstone, ArrayLike<unknown>][] = [];
    for (const [name] of COLUMNS) columns.push([name, await read(name)]);
    return Array.from({ length: count }, (_, row) => {
      const tombstone: Tombstone = { [ID]: ids(row) };
      for (const [name, values] of columns)
        if (values[row] !== null && values[row] !== undefined)
          Object.assign(tombstone, { [name]: values[row] });
      return tombstone;
    });
  });
}
