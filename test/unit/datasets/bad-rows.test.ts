import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, it } from 'vitest';
import { collect, openFresh, temporaryFolder } from './support.js';

const rows = Array.from({ length: 30 }, (_, i) => ({
  id: i === 4 || i === 9 || i === 20 ? null : `d${i}`,
  vector: i === 7 || i === 8 ? null : i === 12 ? [1, 2] : [i, 1, 2],
}));

async function refusal(path: string): Promise<string> {
  try {
    const dataset = await openFresh(path, { queriesOptional: true });
    await collect(dataset.points({ batchSize: 5 }));
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it was not refused');
}

it('a file of lines is refused with the number of rows of each kind', async () => {
  const path = join(temporaryFolder(), 'p.jsonl');
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const message = await refusal(path);
  expect(message).toContain(`${path}:5: the id in column "id" is null; 6 rows cannot be used`);
  expect(message).toContain(`3: the id in column "id" is null (first: ${path}:5)`);
  expect(message).toContain(`2: has no vector: "vector" is null (first: ${path}:8)`);
  expect(message).toContain(`1: the vector has 2 dimensions, the ones before it have 3 (first: ${path}:13)`);
});

it('so is a Parquet file', async () => {
  const path = join(temporaryFolder(), 'p.parquet');
  const list = { num_children: 1, converted_type: 'LIST' } as const;
  writeFileSync(
    path,
    new Uint8Array(
      parquetWriteBuffer({
        schema: [
          { name: 'root', num_children: 2 },
          { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
          { name: 'vector', repetition_type: 'OPTIONAL', ...list },
          { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
          { name: 'element', type: 'FLOAT', repetition_type: 'OPTIONAL' },
        ],
        columnData: [
          { name: 'id', data: rows.map(({ id }) => id) },
          { name: 'vector', data: rows.map(({ vector }) => vector) },
        ],
      }),
    ),
  );
  const message = await refusal(path);
  expect(message).toContain('the id in column "id" is null; 6 rows cannot be used');
  expect(message).toContain(`2: the vector is null (first: ${path} row 7)`);
  expect(message).toContain(
    `1: the vector has 2 dimensions, the ones before it have 3 (first: ${path} row 12)`,
  );
});

it('a single one is told by itself', async () => {
  const path = join(temporaryFolder(), 'p.jsonl');
  writeFileSync(path, '{"id":"a","vector":[1,2]}\n{"id":"b","vector":[1]}\n');
  expect(await refusal(path)).toMatch(/p\.jsonl:2: the vector has 1 dimensions, the ones before it have 2\n/);
});
