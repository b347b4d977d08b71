import { FailureError, shorten } from '../../common/errors.js';
import type { FieldType } from '../../datasets/dataset.js';
import type { IdValues, PointColumns, TextColumn, ValueColumn, VectorValues } from '../contract/columns.js';
import { textAt } from '../kit/columns.js';
import {
  listReader,
  numberReader,
  type RowReader,
  TextReader,
  textReader,
  VectorReader,
} from './column-readers.js';
import { quoted } from './fields.js';
import { type Layout, PARTS } from './layout.js';
import { WIRE_KEYS } from './values.js';

/** Binary COPY: what a stream of rows begins and ends with, and the length of a value that is null. */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const END = -1;

/** Whether rows of a table have columns: where its types are those that we give tables, or as good. */
export function hasColumns({ key, vectors, fields }: Layout): boolean {
  return (
    key.unique &&
    Object.values<string>(WIRE_KEYS).includes(key.wire) &&
    vectors.every(({ native }) => native !== 'sparsevec') &&
    fields.every(({ carried, name }) => carried.as === 'field' && !name.includes('.'))
  );
}

const CASTS: Readonly<Record<FieldType, string>> = {
  string: '::text',
  integer: '::bigint',
  float: '::double precision',
  boolean: '',
  timestamp: '',
  'string[]': '::text[]',
  'integer[]': '::bigint[]',
  'float[]': '::double precision[]',
  'boolean[]': '',
};

/** What the columns are read from, of the row `t`: key, vectors, text, URI, tenant, fields. */
export function columnList({ key, vectors, fields, ...rest }: Layout): string {
  const isText = key.ids === 'string' || key.ids === 'uuid';
  return [
    `t.${quoted(key.column)}::${isText ? 'text' : 'bigint'}`,
    ...vectors.map(({ column }) => `t.${quoted(column)}`),
    ...PARTS.flatMap((part) => (rest[part] === undefined ? [] : [`t.${quoted(rest[part])}::text`])),
    ...fields.map(({ column, type }) => `t.${quoted(column)}${CASTS[type!]}`),
  ].join(', ');
}

/** A key in SQL, where a statement takes no parameters. */
export function keyLiteral({ ids }: Layout['key'], text: string): string {
  if (ids === 'string') return `convert_from('\\x${Buffer.from(text).toString('hex')}'::bytea, 'UTF8')`;
  return ids === 'uuid' ? `'${text.replace(/[^0-9a-f-]/g, '')}'::uuid` : `${BigInt(text)}::bigint`;
}

/**
 * The rows of a stream of binary COPY, and the last key as its text; undefined: there are none.
 * Throws FailureError naming id and column for a value that a point cannot hold.
 */
export function readCopy(
  layout: Layout,
  stream: Buffer,
): { columns: PointColumns; last: string } | undefined {
  if (!stream.subarray(0, SIGNATURE.length).equals(SIGNATURE))
    throw new FailureError('the server sent no rows in binary', { where: 'pgvector' });
  const rows = rowsOf(stream, SIGNATURE.length + 8 + stream.readInt32BE(SIGNATURE.length + 4));
  if (rows.length === 0) return undefined;
  const count = rows.length;
  const { key, vectors, fields } = layout;
  const isText = key.ids === 'string' || key.ids === 'uuid';
  const idTexts = new TextReader(stream, count);
  const idNumbers = new BigInt64Array(count);
  const idReader: RowReader<IdValues> = isText
    ? {
        read: (row, at, size) => idTexts.read(row, at, size),
        result: () => ({ type: 'text', texts: idTexts.texts() }),
      }
    : {
        read: (row, at) => {
          idNumbers[row] = stream.readBigInt64BE(at);
        },
        result: () => ({ type: 'integer', values: idNumbers }),
      };
  const vectorReaders = vectors.map((vector) => new VectorReader(stream, count, vector));
  const parts = PARTS.filter((part) => layout[part] !== undefined);
  const partReaders = parts.map(() => textReader(stream, count));
  const fieldReaders = fields.map(({ type }) => fieldReader(stream, count, type!));
  const readers: RowReader<unknown>[] = [idReader, ...vectorReaders, ...partReaders, ...fieldReaders];
  const names = [
    key.column,
    ...vectors.map(({ column }) => column),
    ...parts,
    ...fields.map(({ column }) => column),
  ];
  const idOf = (row: number) => (isText ? textAt(idTexts.texts(), row) : String(idNumbers[row]));
  for (let row = 0; row < count; row++) {
    let at = rows[row]! + 2;
    for (let column = 0; column < readers.length; column++) {
      const size = stream.readInt32BE(at);
      at += 4;
      try {
        readers[column]!.read(row, at, size);
      } catch (error) {
        throw unreadable(layout.name, names[column]!, column === 0 ? row : idOf(row), error);
      }
      if (size > 0) at += size;
    }
  }
  return {
    columns: {
      count,
      ids: idReader.result(),
      vectors: Object.fromEntries(
        vectors.map(({ field }, i): [string, VectorValues] => [field.name, vectorReaders[i]!.result()]),
      ),
      fields: Object.fromEntries(
        fields.map(({ name }, i): [string, ValueColumn] => [name, fieldReaders[i]!.result()]),
      ),
      ...Object.fromEntries(parts.map((part, i): [string, TextColumn] => [part, partReaders[i]!.result()])),
    },
    last: idOf(count - 1),
  };
}

/** Where each row begins. */
function rowsOf(stream: Buffer, first: number): number[] {
  const rows: number[] = [];
  for (let at = first; ; ) {
    const columns = stream.readInt16BE(at);
    if (columns === END) return rows;
    rows.push(at);
    at += 2;
    for (let column = 0; column < columns; column++) {
      const size = stream.readInt32BE(at);
      at += 4 + Math.max(0, size);
    }
  }
}

function fieldReader(stream: Buffer, count: number, type: FieldType): RowReader<ValueColumn> {
  if (type.endsWith('[]')) return listReader(stream, count, type as 'string[]');
  return type === 'string' ? stringReader(stream, count) : numberReader(stream, count, type as 'integer');
}

function stringReader(stream: Buffer, count: number): RowReader<ValueColumn> {
  const reader = textReader(stream, count);
  return { read: reader.read, result: () => ({ type: 'string', ...reader.result() }) };
}

function unreadable(table: string, column: string, id: unknown, error: unknown): FailureError {
  const what = `column "${column}" of id ${shorten(id)} in table "${table}" cannot be read`;
  const next = `leave the column out with ?omit=${encodeURIComponent(column)}, or read a view that has it as text`;
  return new FailureError(what, { where: 'pgvector', got: shorten(error), next, cause: error });
}
