import { stringify } from 'csv-stringify/sync';
import { formatTimestamp } from '../../../common/timestamps.js';
import type { FieldType, MetadataValue, PointBatch } from '../../dataset.js';
import { shortFloat } from '../short-float.js';
import type { FormatWriter, TableSpec } from '../writer.js';

/** A heading, then a row for each point; the vector is a list as text, and null an empty cell. */
export const csvWriter: FormatWriter = {
  component: () => 'f4',
  ids: true,
  idWidths: false,
  fields: ['string', 'integer', 'float', 'boolean'],
  changed: {
    timestamp: 'text (RFC 3339)',
    'string[]': 'JSON as text',
    'integer[]': 'JSON as text',
    'float[]': 'JSON as text',
    'boolean[]': 'JSON as text',
  },
  notes: {
    string:
      'texts become numbers when they are read again if all of a column look like numbers, and null if empty; ids stay as they are',
  },
  queries: 'beside',
  neighbors: { beside: '.ivecs' },
  metric: false,
  to: {
    kind: 'bytes',
    async open(sink, spec) {
      const delimiter = /\.tsv(\.\w+)?$/i.test(spec.path) ? '\t' : ',';
      const names = spec.fields.map(({ name }) => name);
      const heading = [...(spec.id === null ? [] : [spec.id]), ...names, 'vector'];
      await sink.write(stringify([heading], { delimiter }));
      return {
        write: (batch) => sink.write(stringify(rows(batch, spec), { delimiter })),
        finish: async () => {},
      };
    },
  },
};

function rows({ count, ids, vectors, metadata }: PointBatch, spec: TableSpec): string[][] {
  const { dimensions, fields, id } = spec;
  return Array.from({ length: count }, (_, i) => {
    const vector = Array.from(vectors.subarray(i * dimensions, (i + 1) * dimensions), shortFloat);
    const cells = fields.map(({ name, type }) => cell(metadata![name]![i]!, type));
    return [...(id === null ? [] : [ids[i]!]), ...cells, `[${vector.join(',')}]`];
  });
}

function cell(value: MetadataValue, type: FieldType): string {
  if (value === null) return '';
  if (type === 'timestamp') return formatTimestamp(value as bigint);
  if (Array.isArray(value))
    return `[${value.map((each) => (typeof each === 'bigint' ? String(each) : JSON.stringify(each))).join(',')}]`;
  // A point tells that it is a float and no integer.
  if (type === 'float' && Number.isInteger(value) && Math.abs(value as number) < 1e21)
    return `${Object.is(value, -0) ? '-0' : value}.0`;
  return String(value);
}
