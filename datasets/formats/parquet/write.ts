import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter, type Writer } from 'hyparquet-writer';
import type { FieldSchema, FieldType, MetadataValue, PointBatch } from '../../dataset.js';
import type { ByteSink } from '../sink.js';
import { EVERY_TYPE, type FormatWriter, type TableSpec } from '../writer.js';

/** Components of a row group: the library holds them as JavaScript numbers. */
const GROUP_COMPONENTS = 1 << 21;
const GROUP_ROWS = 65_536;

/** `id` (string), the fields as typed columns, and `vector` as `list<float>`, which every tool reads. */
export const parquetWriter: FormatWriter = {
  component: () => 'f4',
  ids: true,
  idWidths: false,
  fields: EVERY_TYPE,
  changed: {},
  queries: 'beside',
  neighbors: 'column',
  metric: false,
  to: {
    kind: 'bytes',
    async open(sink, spec) {
      const bytes = sinkWriter(sink);
      const writer = new ParquetWriter({
        writer: bytes.writer,
        schema: schemaOf(spec),
        createdBy: 'vecproof',
      });
      const rows = Math.max(1, Math.min(GROUP_ROWS, Math.floor(GROUP_COMPONENTS / spec.dimensions)));
      let pending = emptyColumns(spec);
      const flush = async () => {
        if (pending.vector.length === 0) return;
        // The library awaits the writer's flush.
        await writer.write({ columnData: columnsOf(pending, spec), rowGroupSize: pending.vector.length });
        await bytes.drain();
        pending = emptyColumns(spec);
      };
      return {
        async write(batch) {
          for (let i = 0; i < batch.count; i++) {
            addRow(pending, batch, i, spec);
            if (pending.vector.length === rows) await flush();
          }
        },
        async finish() {
          await flush();
          await writer.finish();
          await bytes.drain();
        },
      };
    },
  },
};

interface Columns {
  ids: string[];
  vector: number[][];
  fields: MetadataValue[][];
}

const emptyColumns = ({ fields }: TableSpec): Columns => ({
  ids: [],
  vector: [],
  fields: fields.map(() => []),
});

function addRow(columns: Columns, batch: PointBatch, i: number, { dimensions, fields, id }: TableSpec): void {
  if (id !== null) columns.ids.push(batch.ids[i]!);
  columns.vector.push(Array.from(batch.vectors.subarray(i * dimensions, (i + 1) * dimensions)));
  for (const [at, { name, type }] of fields.entries())
    columns.fields[at]!.push(physical(batch.metadata![name]![i]!, type));
}

/** Integers as 64 bits, whatever their size. */
function physical(value: MetadataValue, type: FieldType): MetadataValue {
  if (value === null) return null;
  if (type === 'integer') return BigInt(value as number | bigint);
  return type === 'integer[]' ? (value as (number | bigint)[]).map(BigInt) : value;
}

function columnsOf(columns: Columns, { fields, id }: TableSpec) {
  return [
    ...(id === null ? [] : [{ name: id, data: columns.ids }]),
    ...fields.map(({ name }, at) => ({ name, data: columns.fields[at] as unknown[] })),
    {
      name: 'vector',
      data: columns.vector,
      encoding: 'PLAIN' as const,
      codec: 'UNCOMPRESSED' as const,
      statistics: false,
    },
  ];
}

const ELEMENTS: Readonly<Record<string, Partial<SchemaElement>>> = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  integer: { type: 'INT64' },
  float: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
  timestamp: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
};

function schemaOf({ fields, id }: TableSpec): SchemaElement[] {
  const columns = [
    ...(id === null ? [] : [[{ name: id, ...ELEMENTS['string'], repetition_type: 'REQUIRED' as const }]]),
    ...fields.map(fieldElements),
    listElements('vector', { type: 'FLOAT' }, 'REQUIRED'),
  ];
  return [{ name: 'root', num_children: columns.length }, ...columns.flat()];
}

function fieldElements({ name, type, nullable }: FieldSchema): SchemaElement[] {
  const repetition = nullable ? 'OPTIONAL' : 'REQUIRED';
  if (type.endsWith('[]')) return listElements(name, ELEMENTS[type.slice(0, -2)]!, repetition);
  return [{ name, ...ELEMENTS[type], repetition_type: repetition }];
}

function listElements(
  name: string,
  element: Partial<SchemaElement>,
  repetition: 'OPTIONAL' | 'REQUIRED',
): SchemaElement[] {
  return [
    {
      name,
      repetition_type: repetition,
      num_children: 1,
      converted_type: 'LIST',
      logical_type: { type: 'LIST' },
    },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', ...element, repetition_type: 'REQUIRED' },
  ];
}

/** The library's writer into memory, emptied into the sink after each row group. */
function sinkWriter(sink: ByteSink): { writer: Writer; drain(): Promise<void> } {
  const writer = new ByteWriter();
  return {
    writer,
    async drain() {
      await sink.write(writer.getBytes());
      writer.index = 0;
    },
  };
}
