import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { FieldType, MetadataValue } from '../datasets/dataset.js';
import { OWN_KEY, type OwnFormat } from '../datasets/formats/parquet/own-format.js';

/** One metadata column to write. */
export interface OutputColumn {
  name: string;
  type: Extract<FieldType, 'string' | 'integer' | 'boolean' | 'string[]'>;
  nullable: boolean;
  values: readonly MetadataValue[];
}

/** Points per row group: small enough that a reader of metadata decodes little at once. */
const ROW_GROUP = 5000;

/**
 * A file of the project's own format: `id` (string), `vector` (fixed-length little-endian float16) and typed
 * columns. The same input gives the same bytes.
 *
 * @param vectors per point `dimensions * 2` bytes
 */
export function ownParquet(
  ids: readonly string[],
  vectors: readonly Uint8Array[],
  columns: readonly OutputColumn[],
): Uint8Array {
  const own: OwnFormat = { version: 1, vector: 'vector', component: 'float16' };
  const buffer = parquetWriteBuffer({
    schema: schemaOf(vectors[0]!.length, columns),
    columnData: [
      { name: 'id', data: [...ids] },
      { name: 'vector', data: [...vectors], encoding: 'PLAIN', codec: 'UNCOMPRESSED', statistics: false },
      ...columns.map((column) => ({ name: column.name, data: [...column.values] })),
    ],
    rowGroupSize: ROW_GROUP,
    kvMetadata: [{ key: OWN_KEY, value: JSON.stringify(own) }],
    createdBy: 'vecproof',
  });
  return new Uint8Array(buffer);
}

function schemaOf(vectorBytes: number, columns: readonly OutputColumn[]): SchemaElement[] {
  return [
    { name: 'root', num_children: columns.length + 2 },
    { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
    {
      name: 'vector',
      type: 'FIXED_LEN_BYTE_ARRAY',
      type_length: vectorBytes,
      repetition_type: 'REQUIRED',
    },
    ...columns.flatMap(columnSchema),
  ];
}

function columnSchema({ name, type, nullable }: OutputColumn): SchemaElement[] {
  const repetition_type = nullable ? ('OPTIONAL' as const) : ('REQUIRED' as const);
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
  if (type === 'string') return [{ name, ...text, repetition_type }];
  if (type === 'integer') return [{ name, type: 'INT32', repetition_type }];
  if (type === 'boolean') return [{ name, type: 'BOOLEAN', repetition_type }];
  return [
    { name, converted_type: 'LIST', repetition_type, num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', ...text, repetition_type: 'REQUIRED' },
  ];
}
