import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetWriteBuffer, type SchemaElement } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { expectInputError, fixtures, openFresh, temporaryFolder } from './support.js';

const open = (name: string, content: string | Uint8Array, more: object = {}) => {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return openFresh(path, { queriesOptional: true, metric: 'l2', ...more });
};
const lines = (rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const list = (name: string, element: Omit<SchemaElement, 'name'>): SchemaElement[] => [
  { name, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', repetition_type: 'REQUIRED', ...element },
];
const table = (columns: Record<string, { of: SchemaElement[]; data: unknown[] }>) => {
  const entries = Object.entries(columns);
  const schema = [{ name: 'root', num_children: entries.length }, ...entries.flatMap(([, { of }]) => of)];
  const columnData = entries.map(([name, { data }]) => ({ name, data }));
  return new Uint8Array(parquetWriteBuffer({ schema, columnData }));
};

describe('the numbers of a sparse vector are no dense vector', () => {
  const values = [0.1, 0.2, 0.3];
  const indices = [7, 19, 400];
  it.each([
    ['beside its places', { id: 'a', indices, values }, '"values" belongs to a sparse vector'],
    ['in an object', { id: 'a', sparse: { indices, values } }, '"sparse.values" belongs to a sparse vector'],
  ])('%s', async (_, row, message) => {
    await expectInputError(open('x.jsonl', lines([row])), 'x.jsonl:1', message);
  });

  it('in Parquet', async () => {
    const bytes = table({
      indices: { of: list('indices', { type: 'INT32' }), data: [indices] },
      values: { of: list('values', { type: 'FLOAT' }), data: [values] },
    });
    await expectInputError(open('x.parquet', bytes), 'x.parquet', '"values" belongs to a sparse vector');
  });

  it('but a dense one beside a sparse one is read', async () => {
    const dataset = await open('x.jsonl', lines([{ id: 'a', values, sparse_values: { indices, values } }]));
    expect(dataset.info.columns?.vector).toBe('column "values" (list of numbers, 3)');
    await dataset.close();
  });
});

describe('what cannot be the id or the vector', () => {
  it('an array of ids in npz that is not one for each vector is refused, not passed over', async () => {
    const bytes = readFileSync(join(fixtures, 'formats', 'stored.npz'));
    const at = bytes.indexOf('(20,)');
    expect(at).toBeGreaterThan(0);
    bytes.write('(19,)', at);
    await expectInputError(open('x.npz', bytes), 'x.npz', 'the array "ids" cannot hold the ids', '(19)');
    const dataset = await open('x.npz', bytes, { columns: { id: 'row-number' } });
    expect(dataset.info.columns?.id).toBe('row number');
    await dataset.close();
  });

  it('a first column of whole numbers without a heading is told to be a component', async () => {
    const rows = '17,0.5,0.25\n4,1.5,2.25\n';
    const dataset = await open('x.csv', rows);
    expect(dataset.info.dimensions).toBe(3);
    expect(dataset.info.warnings?.join()).toContain('read as the first component of the vector');
    await dataset.close();
    const headed = await open('y.csv', `id,0,1\n${rows}`);
    expect([headed.info.dimensions, headed.info.columns?.id]).toEqual([2, 'column "id" (integer)']);
    expect(headed.info.warnings ?? []).toEqual([]);
    await headed.close();
  });

  it('decimals in a list, which are stored without their scale', async () => {
    const decimal = { type: 'INT32', converted_type: 'DECIMAL', precision: 9, scale: 3 } as const;
    const bytes = table({ vector: { of: list('vector', decimal), data: [[1, 2]] } });
    await expectInputError(open('x.parquet', bytes), '"vector" is list<decimal(9, 3)>');
  });

  it.each(['__index_level_0__', 'Unnamed: 0', 'index', 'hash'])(
    'row numbers are a warning where a column is called %s',
    async (name) => {
      const dataset = await open('x.jsonl', lines([{ [name]: 'k7', vector: [1, 2] }]));
      expect(dataset.info.warnings?.join()).toContain(`though "${name}" looks like an id`);
      await dataset.close();
    },
  );
});
