import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import type { SchemaElement } from 'hyparquet';
import { ParquetWriter } from 'hyparquet-writer';
import { fileWriter } from 'hyparquet-writer/src/node.js';
import { fileFailure, temporaryName } from '../../common/files.js';
import type { FieldType } from '../../datasets/dataset.js';
import type { PointColumns } from '../../engines/contract/columns.js';
import type { Point } from '../../engines/contract/points.js';
import { vectorIn } from '../../engines/kit/vectors.js';
import { idType, type PointShape } from './canonical.js';
import { writeColumnGroup } from './column-group.js';
import {
  fieldColumn,
  floatingColumns,
  ID,
  ID_TYPE,
  METADATA,
  PARTS,
  type PartShape,
  partSchema,
  SPARSE,
  vectorColumn,
} from './columns.js';
import { DETAILS, detailOf } from './details.js';
import { cellOf, fitsColumn, restOf } from './metadata-cells.js';
import { vectorCells } from './vector-cells.js';
import { hasPages, writeVectorPages } from './vector-pages.js';
import type { PartWriter, WrittenPart } from './written-part.js';

/** Numbers of a row group's vectors: what a writer holds in memory at a time. */
const GROUP_NUMBERS = 4_000_000;
const GROUP_ROWS = 50_000;

/** Rows of a row group, so that memory stays the same whatever the dimensions. */
export function groupRows({ vectors }: Pick<PartShape, 'vectors'>): number {
  const numbers = vectors.reduce((sum, { dimensions }) => sum + Math.max(32, dimensions), 1);
  return Math.max(1, Math.min(GROUP_ROWS, Math.floor(GROUP_NUMBERS / numbers)));
}

/** Writes one part, row group by row group, under a temporary name; `finish` flushes and renames it. */
export class ParquetPartWriter implements PartWriter {
  readonly #path: string;
  readonly #temporary: string;
  readonly #shape: PartShape;
  readonly #points: Pick<PointShape, 'ids'>;
  readonly #columns: ReadonlyMap<string, FieldType>;
  readonly #floating: ReadonlySet<string>;
  readonly #writer: ParquetWriter;

  constructor(path: string, shape: PartShape, points: Pick<PointShape, 'ids'>) {
    this.#path = path;
    this.#temporary = temporaryName(path);
    this.#shape = shape;
    this.#points = points;
    this.#columns = new Map(shape.fields.map(({ name, type }) => [name, type]));
    this.#floating = floatingColumns(shape);
    this.#writer = this.#guarded(
      () =>
        new ParquetWriter({
          writer: fileWriter(this.#temporary),
          schema: partSchema(shape),
          createdBy: 'vecproof',
        }),
    );
  }

  /** Columns of metadata fields, with their types. */
  get columns(): ReadonlyMap<string, FieldType> {
    return this.#columns;
  }

  /** A row group of these points. */
  write(points: readonly Point[]): void {
    if (points.length === 0) return;
    const columnData = columnsOf(this.#shape, this.#points, this.#columns, points);
    this.#guarded(() => {
      void this.#writer.write({
        columnData: columnData.map((column) => ({
          ...column,
          statistics: false,
          // A dictionary of the library's would take -0 for 0.
          ...(this.#floating.has(column.name) && { encoding: 'PLAIN' as const }),
        })),
        rowGroupSize: points.length,
      });
      this.#addVectors(points);
    });
  }

  /** The same of columns. */
  writeColumns(columns: PointColumns): void {
    if (columns.count === 0) return;
    this.#guarded(() => writeColumnGroup(this.#writer, this.#shape, this.#points, columns));
  }

  /** Vectors of floats stand in the row group where the schema has them, and in the file behind its other columns. */
  #addVectors(points: readonly Point[]): void {
    const group = this.#writer.row_groups.at(-1)!;
    const start = this.#writer.writer.offset;
    let at = this.#shape.idColumn === 'typed text' ? 2 : 1;
    for (const field of this.#shape.vectors) {
      if (hasPages(field)) {
        const vectors = points.map(({ vectors }) => vectorIn(vectors, field.name));
        group.columns.splice(at, 0, writeVectorPages(this.#writer.writer, field, vectors));
      }
      at += field.kind === 'sparse' ? 2 : 1;
    }
    const size = BigInt(this.#writer.writer.offset - start);
    group.total_byte_size += size;
    group.total_compressed_size = (group.total_compressed_size ?? 0n) + size;
  }

  finish(): WrittenPart {
    return this.#guarded(() => {
      void this.#writer.finish();
      const written = { bytes: statSync(this.#temporary).size, sha256: syncedHash(this.#temporary) };
      renameSync(this.#temporary, this.#path);
      return written;
    });
  }

  /** Removes what was written. */
  discard(): void {
    rmSync(this.#temporary, { force: true });
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.discard();
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      throw fileFailure(this.#path, 'cannot be written', error);
    }
  }
}

/** Flushes a file to the disk and hashes what is there. */
export function syncedHash(path: string): string {
  const descriptor = openSync(path, 'r+');
  try {
    fsyncSync(descriptor);
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(1 << 20);
    for (;;) {
      const size = readSync(descriptor, buffer, 0, buffer.length, null);
      if (size === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, size));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** A whole file of few columns, under a temporary name until it is complete; gives its SHA-256. */
export function writeParquet(
  path: string,
  columns: readonly [schema: SchemaElement[], data: unknown[]][],
): string {
  const temporary = temporaryName(path);
  try {
    const schema = [{ name: 'root', num_children: columns.length }, ...columns.flatMap(([each]) => each)];
    const writer = new ParquetWriter({ writer: fileWriter(temporary), schema, createdBy: 'vecproof' });
    void writer.write({
      columnData: columns.map(([[first], data]) => ({ name: first!.name, data, statistics: false })),
    });
    void writer.finish();
    const sha256 = syncedHash(temporary);
    renameSync(temporary, path);
    return sha256;
  } catch (error) {
    rmSync(temporary, { force: true });
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw fileFailure(path, 'cannot be written', error);
  }
}

interface Column {
  name: string;
  data: unknown[];
}

function columnsOf(
  shape: PartShape,
  ids: Pick<PointShape, 'ids'>,
  columns: ReadonlyMap<string, FieldType>,
  points: readonly Point[],
): Column[] {
  const column = (name: string, cell: (point: Point) => unknown): Column => ({
    name,
    data: points.map(cell),
  });
  const isText = shape.idColumn === 'text' || shape.idColumn === 'typed text';
  return [
    column(ID, ({ id }) => (isText ? String(id) : id)),
    ...(shape.idColumn === 'typed text' ? [column(ID_TYPE, ({ id }) => idType(ids, id))] : []),
    ...shape.vectors.flatMap((field): Column[] => {
      if (hasPages(field)) return [];
      const cells = points.map(({ vectors }) => vectorCells(field, vectorIn(vectors, field.name)));
      const names =
        field.kind === 'sparse'
          ? [vectorColumn(field.name) + SPARSE.indices, vectorColumn(field.name) + SPARSE.values]
          : [vectorColumn(field.name)];
      return names.map((name, at) => ({ name, data: cells.map((each) => each[at]) }));
    }),
    ...shape.fields.map(({ name, type }) =>
      column(fieldColumn(name), ({ metadata }) => {
        const value = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
        if (value === undefined || value === null || !fitsColumn(type, value)) return null;
        return cellOf(type, value);
      }),
    ),
    column(METADATA, ({ id, metadata }) => restOf(id, metadata, columns)),
    ...PARTS.map((part) => column(part, (point) => point[part] ?? null)),
    ...DETAILS.map(({ name }) => column(name, (point) => detailOf(point, name) ?? null)),
  ];
}
