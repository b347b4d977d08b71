import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { z } from 'zod';
import { InputError, messageOf } from '../../common/errors.js';
import { fileFailure, writeFileAtomic } from '../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import { hideSecrets } from '../../common/secrets.js';
import type { Point } from '../../engines/contract/points.js';
import { isMulti, isSparse } from '../../engines/kit/vectors.js';
import { idType, type PointShape } from '../export/canonical.js';

const rejectSchema = z.strictObject({
  /** Row of the export. */
  row: z.int().nonnegative(),
  id: z.string(),
  idType: z.enum(['integer', 'string', 'uuid']),
  cause: z.string(),
  /** When it was refused last, ISO 8601. */
  at: z.string(),
  /** The point as it was to be written, as JSON: integers beyond 2^53 as text. */
  point: z.string(),
  /** Why it may stay out; absent: nobody has decided. */
  accepted: z.string().optional(),
});
/** A point that the target refused, in its own words. */
export type Reject = z.infer<typeof rejectSchema>;

const resolvedSchema = z.strictObject({ row: z.int().nonnegative(), resolved: z.literal(true) });
const entrySchema = z.union([rejectSchema, resolvedSchema]);

export function rejectOf(
  shape: Pick<PointShape, 'ids'>,
  { row, point }: { row: number; point: Point },
  cause: string,
): Reject {
  return {
    row,
    id: String(point.id),
    idType: idType(shape, point.id),
    cause: hideSecrets(cause),
    at: new Date().toISOString(),
    point: pointJson(point),
  };
}

function pointJson({ id, vectors, ...rest }: Point): string {
  const named = Object.entries(vectors).map(([name, value]) => {
    if (isSparse(value))
      return [name, { indices: Array.from(value.indices), values: Array.from(value.values) }];
    return [
      name,
      isMulti(value) ? { rows: value.rows, values: Array.from(value.values) } : Array.from(value),
    ];
  });
  return JSON.stringify({ id, vectors: Object.fromEntries(named), ...rest }, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
}

const JOURNAL = 'rejects.jsonl';
export const REJECTS = 'rejects.parquet';

/**
 * Rejects in the folder of a load, in the order of their rows, as far as the journal is whole: a line that a crash has
 * cut is of a row that comes again.
 * @throws InputError if it was damaged otherwise
 */
export function readRejects(folder: string): { rejects: Reject[]; isWhole: boolean } {
  const path = join(folder, JOURNAL);
  if (!existsSync(path)) return { rejects: [], isWhole: true };
  const rows = new Map<number, Reject>();
  const lines = readRegularText(path, MOST_RECORD).split('\n');
  for (const line of lines.slice(0, -1)) {
    try {
      const entry = entrySchema.parse(JSON.parse(line));
      if ('resolved' in entry) rows.delete(entry.row);
      else rows.set(entry.row, entry);
    } catch (error) {
      throw new InputError(`cannot be read: ${messageOf(error)}`, {
        where: path,
        got: line,
        next: 'restore the file from a copy, or load into a new collection with another --state',
        cause: error,
      });
    }
  }
  return { rejects: [...rows.values()].sort((a, b) => a.row - b.row), isWhole: lines.at(-1) === '' };
}

/**
 * Rejects of a load: a journal of what happened to each row, on disk before the cursor moves behind it, and a Parquet
 * file of those that are left, written when the load ends in whatever way.
 */
export class Rejects {
  readonly #folder: string;
  readonly #rows = new Map<number, Reject>();
  #changed = false;

  /** Goes on with those of an earlier attempt. */
  constructor(folder: string) {
    this.#folder = folder;
    const { rejects, isWhole } = readRejects(folder);
    for (const each of rejects) this.#rows.set(each.row, each);
    // What is cut off would swallow the next line.
    if (!isWhole) this.#rewrite();
    this.#changed = !existsSync(join(folder, REJECTS)) && this.#rows.size > 0;
  }

  all(): Reject[] {
    return [...this.#rows.values()].sort((a, b) => a.row - b.row);
  }

  /** Those that nobody has decided on. */
  open(): Reject[] {
    return this.all().filter(({ accepted }) => accepted === undefined);
  }

  add(rejects: readonly Reject[]): void {
    if (rejects.length === 0) return;
    for (const each of rejects) this.#rows.set(each.row, each);
    this.#append(rejects);
  }

  /** They are in the target now. */
  resolve(rows: readonly number[]): void {
    if (rows.length === 0) return;
    for (const row of rows) this.#rows.delete(row);
    this.#append(rows.map((row) => ({ row, resolved: true })));
  }

  /** @returns how many were decided on */
  accept(reason: string): number {
    const accepted = this.open().map((each) => ({ ...each, accepted: reason }));
    this.add(accepted);
    return accepted.length;
  }

  /** Writes `rejects.parquet`, or removes it where none is left. */
  publish(): void {
    if (!this.#changed) return;
    const path = join(this.#folder, REJECTS);
    const rows = this.all();
    if (rows.length === 0) rmSync(path, { force: true });
    else writeFileAtomic(path, rejectsParquet(rows));
    this.#changed = false;
  }

  #append(entries: readonly object[]): void {
    this.#changed = true;
    const path = join(this.#folder, JOURNAL);
    try {
      const file = openSync(path, 'a');
      try {
        appendFileSync(file, linesOf(entries));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw fileFailure(path, 'cannot be written', error);
    }
  }

  #rewrite(): void {
    writeFileAtomic(join(this.#folder, JOURNAL), linesOf(this.all()));
  }
}

function linesOf(entries: readonly object[]): string {
  return entries.map((each) => `${JSON.stringify(each)}\n`).join('');
}

/** One row a reject: its row in the export, id with its type, cause, time, decision, and the point as JSON. */
export function rejectsParquet(rejects: readonly Reject[]): Uint8Array {
  const text = (name: string, repetition_type: 'REQUIRED' | 'OPTIONAL' = 'REQUIRED') =>
    ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type }) as const;
  const columns = [
    {
      element: { name: 'row', type: 'INT64', repetition_type: 'REQUIRED' } as const,
      of: (each: Reject) => BigInt(each.row),
    },
    { element: text('id'), of: (each: Reject) => each.id },
    { element: text('id_type'), of: (each: Reject) => each.idType },
    { element: text('cause'), of: (each: Reject) => each.cause },
    { element: text('at'), of: (each: Reject) => each.at },
    { element: text('accepted', 'OPTIONAL'), of: (each: Reject) => each.accepted ?? null },
    { element: text('point'), of: (each: Reject) => each.point },
  ];
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({
    writer,
    schema: [{ name: 'root', num_children: columns.length }, ...columns.map(({ element }) => element)],
    createdBy: 'vecproof',
  });
  void parquet.write({
    columnData: columns.map(({ element, of }) => ({
      name: element.name,
      data: rejects.map((each) => of(each)),
    })),
  });
  void parquet.finish();
  return writer.getBytes();
}
