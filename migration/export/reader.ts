import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import { streamRegular } from '../../common/regular-file.js';
import type { PointColumns } from '../../engines/contract/columns.js';
import type { Point } from '../../engines/contract/points.js';
import type { PointShape } from './canonical.js';
import { type Manifest, readManifest, shapeOf } from './manifest.js';
import { canReadColumns, readPartColumns } from './part-columns.js';
import { readPart } from './part-files.js';
import type { ReadShape } from './part-reader.js';
import { readTombstones, type Tombstone } from './tombstones.js';

/** A finished export on disk. */
export interface OpenExport {
  folder: string;
  manifest: Manifest;
  shape: PointShape;
  /** All points, in the order of the parts; memory is bounded by a row group. */
  points(): AsyncGenerator<Point[]>;
  /** The same as columns, of all rows or of some; undefined: its points have no such form, or it is of lines. */
  columns: ((from?: number, to?: number) => AsyncGenerator<PointColumns>) | undefined;
  /** Those of rows from `from` up to but not including `to`, counted over all parts. */
  rows(from: number, to: number): AsyncGenerator<Point[]>;
  /** Ids that were deleted in the source, where it tells. */
  tombstones(): AsyncGenerator<Tombstone[]>;
}

/**
 * Opens an export. Sizes are looked at; `checkParts` reads and hashes every file.
 * @throws InputError if it is none, or if a part is missing or has another size
 */
export function openExport(folder: string): OpenExport {
  const manifest = readManifest(folder);
  for (const { file, bytes } of filesOf(manifest)) requireSize(join(folder, file), bytes);
  const shape = shapeOf(manifest);
  const partsOf = function* (from: number, to: number) {
    let first = 0;
    for (const { file, rows } of manifest.parts) {
      const range = { from: from - first, to: to - first };
      if (range.to > 0 && range.from < rows) yield { path: join(folder, file), range };
      first += rows;
    }
  };
  const parts: ReadShape = {
    timestamps: shape.timestamps,
    idColumn: manifest.ids.column,
    vectors: shape.vectors,
    fields: manifest.fields.flatMap(({ name, type }) => (type === null ? [] : [{ name, type }])),
  };
  return {
    folder,
    manifest,
    shape,
    async *points() {
      for (const { file } of manifest.parts) yield* readPart(join(folder, file), parts, shape);
    },
    columns:
      canReadColumns(parts) && manifest.parts.every(({ file }) => file.endsWith('.parquet'))
        ? async function* (from = 0, to = manifest.counts.exported) {
            for (const { path, range } of partsOf(from, to)) yield* readPartColumns(path, parts, range);
          }
        : undefined,
    async *rows(from, to) {
      for (const { path, range } of partsOf(from, to)) yield* readPart(path, parts, shape, range);
    },
    tombstones: () => readTombstones(folder, manifest),
  };
}

function filesOf({ parts, tombstones }: Manifest): { file: string; bytes: number; sha256: string }[] {
  return tombstones === null ? parts : [...parts, tombstones];
}

function requireSize(path: string, bytes: number): void {
  const next = 'restore the file from a copy, or export again';
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new InputError('is missing', { where: path, next });
  if (!found.isFile())
    throw new InputError('is no file of its own: an export holds its files itself, and no links', {
      where: path,
      next: 'put the file in its place',
    });
  const { size } = found;
  if (size !== bytes)
    throw new InputError(`has ${size} bytes, by the manifest ${bytes}`, { where: path, next });
}

/** @throws InputError naming the first part whose file is not the one that was written */
export async function checkParts({ folder, manifest }: OpenExport, signal?: AbortSignal): Promise<void> {
  for (const { file, sha256 } of filesOf(manifest)) {
    const path = join(folder, file);
    const hash = createHash('sha256');
    for await (const chunk of streamRegular(path, { signal, highWaterMark: 1 << 20 })) hash.update(chunk);
    const got = hash.digest('hex');
    if (got !== sha256) {
      throw new InputError('is not the file that was written: its SHA-256 is another', {
        where: path,
        got,
        next: 'restore the file from a copy, or export again',
      });
    }
  }
}
