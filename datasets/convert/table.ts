import { InputError } from '../../common/errors.js';
import type { Dataset, FieldSchema, Metric, PointBatch, QuerySet } from '../dataset.js';
import { ID_NAMES, pickName } from '../formats/names.js';
import { openSink } from '../formats/sink.js';
import type { FormatWriter, QueriesInside, TableSpec, TableWriter } from '../formats/writer.js';

/** Rows to write: points, or queries. */
export interface Table {
  count: number;
  dimensions: number;
  metric: Metric;
  fields: readonly FieldSchema[];
  place(row: number): string;
  read(fields: readonly string[]): AsyncIterable<PointBatch>;
}

/** The points with all of their fields. */
export function pointsTable(dataset: Dataset, signal: AbortSignal | undefined): Table {
  const { count, dimensions, metric, fields, name } = dataset.info;
  const batchSize = Math.min(8192, Math.max(16, Math.floor((1 << 20) / dimensions)));
  return {
    count,
    dimensions,
    metric,
    fields,
    place: (row) => dataset.place?.(row) ?? `${name} row ${row}`,
    read: (metadata) => dataset.points({ batchSize, metadata, signal }),
  };
}

export interface Column {
  field: FieldSchema;
  values: QuerySet['fields'][string];
}

/** A query set, which is in memory. */
export function queriesTable(set: QuerySet, columns: readonly Column[], metric: Metric): Table {
  return {
    count: set.count,
    dimensions: set.dimensions,
    metric,
    fields: columns.map(({ field }) => field),
    place: (row) => `query "${set.ids[row]}"`,
    async *read(names) {
      const metadata = Object.fromEntries(
        columns
          .filter(({ field }) => names.includes(field.name))
          .map(({ field, values }) => [field.name, values]),
      );
      yield { start: 0, count: set.count, ids: set.ids, vectors: set.vectors, metadata };
    },
  };
}

export interface WriteTable {
  table: Table;
  writer: FormatWriter;
  /** Name of the id's column; null: ids are not written. */
  id: string | null;
  path: string;
  inside?: QueriesInside | undefined;
  onProgress?: ((done: number) => void) | undefined;
}

/** Writes a table under `temporary`: whole, or the error is thrown and the file is of no use. */
export async function writeTable(temporary: string, request: WriteTable): Promise<void> {
  const { table, writer, id, path } = request;
  const { count, dimensions, metric, place } = table;
  const fields = table.fields.filter(({ type }) => writer.fields.includes(type) || type in writer.changed);
  const idWidth = writer.idWidths && id !== null ? await widestId(table) : undefined;
  const spec: TableSpec = { count, dimensions, fields, id, metric, idWidth, path, place };
  if (writer.to.kind === 'file') {
    const open = await writer.to.open(temporary, spec);
    await guarded(
      () => writeRows(open, spec, request),
      () => open.abandon?.(),
    );
    return;
  }
  const sink = openSink(temporary, path);
  let open: TableWriter | undefined;
  const { to } = writer;
  await guarded(
    async () => {
      open = await to.open(sink, spec);
      await writeRows(open, spec, request);
      await sink.end();
    },
    () => {
      open?.abandon?.();
      sink.abandon();
    },
  );
}

async function guarded(work: () => Promise<void>, abandon: () => void): Promise<void> {
  try {
    await work();
  } catch (error) {
    abandon();
    throw error;
  }
}

async function writeRows(
  open: TableWriter,
  spec: TableSpec,
  { table, inside, onProgress }: WriteTable,
): Promise<void> {
  let done = 0;
  for await (const batch of table.read(spec.fields.map(({ name }) => name))) {
    // Readers may hand out a longer buffer than the batch needs.
    const vectors = batch.vectors.subarray(0, batch.count * spec.dimensions);
    await open.write({ ...batch, vectors });
    done += batch.count;
    onProgress?.(done);
  }
  if (inside !== undefined) await open.queries!(inside);
  await open.finish();
}

/** Length in characters. */
async function widestId(table: Table): Promise<number> {
  let widest = 1;
  for await (const { ids } of table.read([])) for (const id of ids) widest = Math.max(widest, [...id].length);
  return widest;
}

/** A name for the id's column that readers take for the id, whatever other fields there are. */
export function idColumn(fields: readonly FieldSchema[], wanted = 'id'): string {
  const others = fields.map(({ name }) => name);
  const free = [wanted, 'id', 'custom_id'].find(
    (name) => !others.includes(name) && pickName([name, ...others], ID_NAMES) === name,
  );
  if (free !== undefined) return free;
  throw new InputError(
    'has fields whose names are those of an id, so that no column would be read as the id again',
    {
      got: others.filter((name) => ID_NAMES.includes(name)),
      next: 'rename these fields in the source',
    },
  );
}
