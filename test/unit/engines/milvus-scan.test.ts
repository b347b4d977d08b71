import { describe, expect, test } from 'vitest';
import type { MilvusClient } from '../../../engines/milvus/client.js';
import { layoutOf } from '../../../engines/milvus/layout.js';
import { MilvusSnapshot } from '../../../engines/milvus/snapshot.js';

const VECTOR = { name: 'vector', kind: 'dense', type: 'f32', dimensions: 1, metric: 'l2' } as const;
const layout = layoutOf('c', { ids: 'u64', vectors: [VECTOR], fields: [], index: { type: 'flat' } });

interface Query {
  expr: string;
  query_params: { key: string; value: string }[];
}
type Answer = readonly number[] | Error;

/** A client whose queries are answered by the keys of the points. */
function answering(...answers: Answer[]) {
  const asked: Query[] = [];
  const Query = { path: 'Query', requestSerialize: () => Buffer.alloc(0), responseDeserialize: () => ({}) };
  const stub = {
    Query,
    makeUnaryRequest: (...args: unknown[]) => {
      asked.push(args[3] as Query);
      const done = args[6] as (error: Error | null, answer?: object) => void;
      const next = answers.shift() ?? [];
      if (next instanceof Error) done(next);
      else done(null, { status: { error_code: 'Success' }, session_ts: '0', fields_data: columnsOf(next) });
    },
  };
  const channelPool = { acquire: async () => stub, release: async () => {} };
  return { asked, client: { metadata: new Map(), channelPool } as unknown as MilvusClient };
}

function columnsOf(keys: readonly number[]): object[] {
  return [
    { field_name: 'id', scalars: { data: 'long_data', long_data: { data: keys.map(String) } } },
    { field_name: 'vector', vectors: { float_vector: { data: keys } } },
  ];
}

async function scanned(client: MilvusClient, after?: string): Promise<bigint[]> {
  const ids: bigint[] = [];
  for await (const { points } of new MilvusSnapshot(client, layout, null).scan({ batchSize: 4, after }))
    ids.push(...points.map(({ id }) => id as bigint));
  return ids;
}

describe('a scan', () => {
  test('goes on behind a page that is short, and ends at an empty one', async () => {
    const { client, asked } = answering([1, 2, 3, 4], [5], [6, 7], []);
    expect(await scanned(client)).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n]);
    expect(asked.map(({ expr }) => expr)).toEqual(['', 'id > 4', 'id > 5', 'id > 7']);
    expect(asked[0]!.query_params).toContainEqual({ key: 'iterator', value: 'True' });
  });

  test('asks for less where an answer would be too large', async () => {
    const tooLarge = Object.assign(new Error('8 RESOURCE_EXHAUSTED'), { code: 8 });
    const { client, asked } = answering(tooLarge, tooLarge, [1], [2], []);
    expect(await scanned(client)).toEqual([1n, 2n]);
    const limits = asked.map(({ query_params }) => query_params.find(({ key }) => key === 'limit')!.value);
    expect(limits).toEqual(['4', '2', '1', '1', '1']);
  });

  test('is a failure where keys do not ascend, within a page or from one to the next', async () => {
    await expect(scanned(answering([1, 3, 2]).client)).rejects.toThrow('in the order of the keys');
    await expect(scanned(answering([1, 2], [2, 3]).client)).rejects.toThrow('in the order of the keys');
    await expect(scanned(answering([7]).client, '"7"')).rejects.toThrow('in the order of the keys');
  });

  test('takes no text for a cursor that is none', async () => {
    await expect(scanned(answering([1]).client, 'no cursor')).rejects.toThrow('no cursor of a scan');
    await expect(scanned(answering([1]).client, '"x"')).rejects.toThrow('no cursor of a scan');
  });
});
