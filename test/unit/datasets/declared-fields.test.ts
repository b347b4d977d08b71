import { describe, expect, it } from 'vitest';
import type { FieldType, MetadataValue } from '../../../datasets/dataset.js';
import { withDeclaredFields } from '../../../datasets/declared-fields.js';
import { tableColumns, type VectorSource } from '../../../datasets/source.js';
import { collect } from './support.js';

function sourceOf(type: FieldType, values: MetadataValue[]): VectorSource {
  return {
    count: values.length,
    dimensions: 1,
    columns: tableColumns('x'),
    fields: [{ name: 'f', type, nullable: true }],
    reading: 'x',
    place: (row) => `data.jsonl:${row + 1}`,
    async *read() {
      const vectors = new Float32Array(values.length);
      yield { start: 0, count: values.length, ids: values.map(String), vectors, metadata: { f: values } };
    },
    close: async () => {},
  };
}

const declared = (type: FieldType) => [{ name: 'f', type, nullable: true }];

describe('declared fields', () => {
  it('reads texts as timestamps', async () => {
    const source = withDeclaredFields(
      sourceOf('string', ['2026-03-29T02:30:00+01:00', null, '1969-12-31T23:59:59.999999Z']),
      declared('timestamp'),
    );
    expect(source.fields).toEqual(declared('timestamp'));
    const { metadata } = await collect(source.read({ batchSize: 9, metadata: ['f'] }));
    expect(metadata['f']).toEqual([1774747800000000n, null, -1n]);
  });

  it('refuses a timestamp without zone, with its place', async () => {
    const source = withDeclaredFields(
      sourceOf('string', [null, '2026-03-29T02:30:00']),
      declared('timestamp'),
    );
    await expect(collect(source.read({ batchSize: 9, metadata: ['f'] }))).rejects.toThrow(
      /data\.jsonl:2: the field "f" of type timestamp has no zone/,
    );
  });

  it('reads integers as floats', async () => {
    const source = withDeclaredFields(sourceOf('integer', [1, 2n ** 60n]), declared('float'));
    const { metadata } = await collect(source.read({ batchSize: 9, metadata: ['f'] }));
    expect(metadata['f']).toEqual([1, 2 ** 60]);
  });

  it('leaves a source alone whose types are those declared', () => {
    const source = sourceOf('string', ['a']);
    expect(withDeclaredFields(source, declared('string'))).toBe(source);
  });

  it('refuses types that the values cannot have', () => {
    expect(() => withDeclaredFields(sourceOf('float', [1]), declared('timestamp'))).toThrow(
      /the field "f" is of type float, the dataset's description says timestamp/,
    );
  });
});
