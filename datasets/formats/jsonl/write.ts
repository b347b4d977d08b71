import { formatTimestamp } from '../../../common/timestamps.js';
import type { MetadataValue, PointBatch } from '../../dataset.js';
import { shortFloat } from '../short-float.js';
import { EVERY_TYPE, type FormatWriter, type TableSpec } from '../writer.js';

/** One object a line; components are the shortest decimals that are the same float32 again. */
export const jsonlWriter: FormatWriter = {
  component: () => 'f4',
  ids: true,
  idWidths: false,
  fields: EVERY_TYPE.filter((type) => type !== 'timestamp'),
  changed: { timestamp: 'text (RFC 3339)' },
  queries: 'beside',
  neighbors: 'column',
  metric: false,
  to: {
    kind: 'bytes',
    async open(sink, spec) {
      return {
        async write(batch) {
          await sink.write(lines(batch, spec));
        },
        finish: async () => {},
      };
    },
  },
};

function lines(batch: PointBatch, { dimensions, fields, id }: TableSpec): string {
  const { count, ids, vectors, metadata } = batch;
  let text = '';
  for (let i = 0; i < count; i++) {
    const parts: string[] = [];
    if (id !== null) parts.push(`${JSON.stringify(id)}:${JSON.stringify(ids[i])}`);
    for (const { name } of fields)
      parts.push(`${JSON.stringify(name)}:${jsonValue(metadata![name]![i]!, name, fields)}`);
    let vector = '';
    for (let j = 0; j < dimensions; j++)
      vector += `${j === 0 ? '' : ','}${shortFloat(vectors[i * dimensions + j]!)}`;
    parts.push(`"vector":[${vector}]`);
    text += `{${parts.join(',')}}\n`;
  }
  return text;
}

/** Only metadata, for files that lie beside vectors. */
export function recordLines(batch: Omit<PointBatch, 'vectors'>, { fields, id }: TableSpec): string {
  let text = '';
  for (let i = 0; i < batch.count; i++) {
    const parts = id === null ? [] : [`${JSON.stringify(id)}:${JSON.stringify(batch.ids[i])}`];
    for (const { name } of fields)
      parts.push(`${JSON.stringify(name)}:${jsonValue(batch.metadata![name]![i]!, name, fields)}`);
    text += `{${parts.join(',')}}\n`;
  }
  return text;
}

function jsonValue(value: MetadataValue, name: string, fields: TableSpec['fields']): string {
  if (typeof value !== 'bigint')
    return Array.isArray(value) ? `[${value.map(element).join(',')}]` : element(value);
  const isTime = fields.find((field) => field.name === name)!.type === 'timestamp';
  return isTime ? JSON.stringify(formatTimestamp(value)) : String(value);
}

const element = (value: MetadataValue): string =>
  typeof value === 'bigint' ? String(value) : Object.is(value, -0) ? '-0.0' : JSON.stringify(value);
