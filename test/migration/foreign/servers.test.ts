import { createRequire } from 'node:module';
import { beforeAll, describe, expect, test } from 'vitest';
import type { EngineDefinition } from '../../../engines/contract/engine.js';
import type { Description } from '../../../engines/contract/points.js';
import { openSource } from '../../../migration/connections/open-source.js';
import { serverOf } from '../../conformance/servers.js';
import { contenders } from '../../conformance/session.js';
import { Workspace } from '../../e2e/helpers/workspace.js';
import { exported, movedTo } from '../helpers/move.js';
import { exportByCommand, exportOf, refusalOf } from './exported.js';
import { compareExpressions } from './milvus-filters.js';

const require = createRequire(import.meta.url);
const never = new AbortController().signal;
const found = (name: string) => contenders.find((each) => each.name === name)!;

/** Collections on servers as others make them: each server's own client, and none of our code. */
let work: Workspace;
beforeAll(() => {
  work = new Workspace();
});

async function addressOf(definition: EngineDefinition, protocol = 'http'): Promise<string> {
  const { host, port } = (await serverOf(definition)).endpoint;
  return `${definition.name}:${protocol}://${host}:${port}`;
}

async function described(place: string, env = process.env): Promise<Description> {
  const source = await openSource(place, { cwd: work.folder, env, signal: never });
  try {
    return await source.collection.points.describe();
  } finally {
    await source.close();
  }
}

const chroma = found('chroma');
describe.skipIf(chroma.missing !== undefined)(`a foreign collection of Chroma${chroma.suffix}`, () => {
  let place: string;
  beforeAll(async () => {
    place = await addressOf(chroma.definition);
    const { ChromaClient, AdminClient } = require('chromadb');
    const [host, port] = place.slice('chroma:http://'.length).split(':');
    const admin = new AdminClient({ host, port: Number(port), ssl: false });
    await admin.createTenant({ name: 'acme' });
    await admin.createDatabase({ name: 'prod', tenant: 'acme' });
    const client = new ChromaClient({
      host,
      port: Number(port),
      ssl: false,
      tenant: 'acme',
      database: 'prod',
    });
    const collection = await client.createCollection({
      name: 'their-docs',
      embeddingFunction: null,
      metadata: { owner: 'they' },
      configuration: { hnsw: { space: 'ip' } },
    });
    await collection.add({
      ids: ['a é', 'b'],
      embeddings: [
        [1, -0.1, 3],
        [0, 0, 1e-30],
      ],
      documents: ['Grüße 🦀', ''],
      uris: ['file:///a', 'file:///b'],
      metadatas: [
        { n: 7, f: 0.1, yes: true, text: 'x', org: 'o1', gone: null },
        { n: 8, org: 'o2' },
      ],
    });
    await collection.add({ ids: ['bare'], embeddings: [[5, 6, 7]] });
    // What its Python client writes and its JavaScript client cannot: an integer beyond 2^53.
    const path = `tenants/acme/databases/prod/collections/${collection.id}`;
    const body =
      '{"ids":["long"],"embeddings":[[1,1,1]],"metadatas":[{"n":9007199254740993,"least":-9223372036854775808}]}';
    const headers = { 'content-type': 'application/json' };
    const url = `http://${host}:${port}/api/v2/${path}/add`;
    expect((await fetch(url, { method: 'POST', headers, body })).ok).toBe(true);
  });

  test('documents, URIs, metadata of each type, and integers of 64 bits; tenant and database from the address', async () => {
    const { points, manifest } = await exportByCommand(work, `${place}/acme/prod#their-docs`);
    expect(manifest.vectors).toMatchObject([{ name: 'vector', dimensions: 3, metric: 'dot', points: 4 }]);
    expect(points['a é']).toEqual({
      id: 'a é',
      vectors: { vector: Float32Array.of(1, -0.1, 3) },
      metadata: { n: 7, f: 0.1, yes: true, text: 'x', org: 'o1' },
      text: 'Grüße 🦀',
      uri: 'file:///a',
    });
    expect(points['b']).toMatchObject({ text: '', uri: 'file:///b', metadata: { n: 8, org: 'o2' } });
    expect(points['bare']).toEqual({
      id: 'bare',
      vectors: { vector: Float32Array.of(5, 6, 7) },
      metadata: {},
    });
    expect(points['long']!.metadata).toEqual({ n: 9007199254740993n, least: -9223372036854775808n });
  });

  test('a database of a tenant is a target: theirs stay as they are, and a database that is not there is not made', async () => {
    await exported(`${place}/acme/prod#their-docs`, work.folder, 'docs');
    const moved = await movedTo(`${place}/acme/prod#ours`, work.folder, 'docs', 'prod');
    expect(moved.loaded).toMatchObject({ state: 'loaded', rejects: [] });
    expect(moved.asMapped).toMatchObject({ state: 'equal', counts: { matching: 4 } });
    expect((await described(`${place}/acme/prod#ours`)).mark?.by).toContain('load ');
    await expect(movedTo(`${place}/acme/gone#ours`, work.folder, 'docs', 'gone')).rejects.toThrow(
      'there is no database "gone" of tenant "acme"',
    );
    await expect(movedTo(`${place}/acme/prod#their-docs`, work.folder, 'docs', 'theirs')).rejects.toThrow(
      'is there already',
    );
  });

  test('a key is the tenant, another one is left out', async () => {
    const { points } = await exportOf(work, `${place}/acme/prod#their-docs?tenant=org&omit=text,n`);
    expect(points['a é']).toMatchObject({ tenant: 'o1', metadata: { f: 0.1, yes: true } });
    expect(points['b']).toMatchObject({ tenant: 'o2', metadata: {} });
    expect(points['bare']!.tenant).toBe(undefined);
    const { fields, omitted, spec, indexes, mark } = await described(
      `${place}/acme/prod#their-docs?tenant=org&omit=text,n`,
    );
    expect({ fields: fields.map(({ name }) => name).sort(), omitted, tenant: spec.tenant, mark }).toEqual({
      fields: ['f', 'least', 'yes'],
      omitted: ['text', 'n'],
      tenant: true,
      mark: null,
    });
    expect(indexes).toMatchObject({ vector: { parameters: { type: 'hnsw', space: 'ip' } } });
  });

  test('what is not there, or cannot be, is refused', async () => {
    expect(await refusalOf(work, `${place}/acme#their-docs`)).toContain('tenant and its database');
    expect(await refusalOf(work, `${place}#their-docs`)).toContain('there is no collection "their-docs"');
    expect(await refusalOf(work, `${place}/acme/gone#their-docs`)).toContain(
      'there is no database "gone" of tenant "acme"',
    );
    expect(await refusalOf(work, `${place}/gone/prod#their-docs`)).toContain('of tenant "gone"');
    expect(await refusalOf(work, `${place}/acme/prod#their-docs?key=n`)).toContain(
      'Chroma has ids of its own',
    );
    expect(await refusalOf(work, `${place}/acme/prod#their-docs?text=n`)).toContain('is no text');
  });
});

const qdrant = found('qdrant');
describe.skipIf(qdrant.missing !== undefined)(`a foreign collection of Qdrant${qdrant.suffix}`, () => {
  let place: string;
  const uuid = '00000000-0000-4000-8000-00000000000a';
  beforeAll(async () => {
    place = await addressOf(qdrant.definition);
    const put = async (path: string, body: string) => {
      const url = `${place.slice('qdrant:'.length)}/collections/theirs${path}`;
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(url, { method: 'PUT', headers, body });
      expect(answer.ok, await answer.text()).toBe(true);
    };
    await put(
      '',
      JSON.stringify({
        vectors: {
          dense: { size: 3, distance: 'Dot' },
          many: { size: 2, distance: 'Dot', multivector_config: { comparator: 'max_sim' } },
        },
        sparse_vectors: { words: {} },
      }),
    );
    await put(
      '/points?wait=true',
      `{"points":[
        {"id":18446744073709551615,"vector":{"dense":[1,2,3],"many":[[1,2],[3,4]],"words":{"indices":[3,4000000000],"values":[0.5,-2]}},
         "payload":{"n":9007199254740993,"org":7,"body":"one","deep":{"a":[{"b":null},[1,[2]]]},"empty":[],"none":null,"f":0.1}},
        {"id":"${uuid}","vector":{"dense":[4,5,6]},"payload":{"org":"acme"}},
        {"id":3,"vector":{},"payload":{}}]}`,
    );
  });

  test('named, sparse and multi vectors, ids of both kinds, payload of any JSON', async () => {
    const { points, manifest } = await exportByCommand(work, `${place}#theirs`);
    expect(manifest.ids.kind).toBe(null);
    expect(points['18446744073709551615']).toEqual({
      id: 18446744073709551615n,
      vectors: {
        dense: Float32Array.of(1, 2, 3),
        many: { rows: 2, values: Float32Array.of(1, 2, 3, 4) },
        words: { indices: Uint32Array.of(3, 4_000_000_000), values: Float32Array.of(0.5, -2) },
      },
      metadata: {
        n: 9007199254740993n,
        org: 7,
        body: 'one',
        deep: { a: [{ b: null }, [1, [2]]] },
        empty: [],
        none: null,
        f: 0.1,
      },
    });
    expect(points[uuid]).toEqual({
      id: uuid,
      vectors: { dense: Float32Array.of(4, 5, 6) },
      metadata: { org: 'acme' },
    });
    expect(points['3']).toEqual({ id: 3n, vectors: {}, metadata: {} });
  });

  test('tenant, text and what is left out, also a vector, are as the place says', async () => {
    const { points } = await exportOf(work, `${place}#theirs?tenant=org&text=body&omit=deep,many`);
    expect(points['18446744073709551615']).toMatchObject({ tenant: '7', text: 'one' });
    expect(Object.keys(points['18446744073709551615']!.vectors)).toEqual(['dense', 'words']);
    expect(Object.keys(points['18446744073709551615']!.metadata)).toEqual(
      expect.not.arrayContaining(['deep', 'org', 'body']),
    );
    expect(points[uuid]!.tenant).toBe('acme');
    expect((await described(`${place}#theirs`)).indexes).toMatchObject({
      dense: { parameters: { type: 'hnsw' } },
      words: { parameters: { type: 'sparse' } },
    });
  });
});

const milvus = found('milvus');
describe.skipIf(milvus.missing !== undefined)(`a foreign collection of Milvus${milvus.suffix}`, () => {
  let place: string;
  const least = '-9223372036854775808';
  beforeAll(async () => {
    place = await addressOf(milvus.definition);
    const { MilvusClient } = require('@zilliz/milvus2-sdk-node');
    const client = new MilvusClient({ address: place.slice('milvus:http://'.length), maxRetries: 0 });
    await client.connectPromise;
    const text = { data_type: 'VarChar', max_length: 100 };
    await client.createCollection({
      collection_name: 'theirs',
      description: 'made by them',
      fields: [
        { name: 'pk', data_type: 'Int64', is_primary_key: true },
        { name: 'emb', data_type: 'FloatVector', dim: 3 },
        { name: 'body', ...text },
        { name: 'org', data_type: 'Int64' },
        { name: 'tree', data_type: 'JSON' },
        { name: 'single', data_type: 'Float' },
        { name: 'small', data_type: 'Int8' },
        { name: 'flag', data_type: 'Bool' },
        { name: 'longs', data_type: 'Array', element_type: 'Int64', max_capacity: 4 },
        { name: 'words', data_type: 'Array', element_type: 'VarChar', max_length: 20, max_capacity: 4 },
      ],
      enable_dynamic_field: true,
      properties: { 'collection.ttl.seconds': 360_000 },
    });
    await client.createPartition({ collection_name: 'theirs', partition_name: 'red' });
    await client.createAlias({ collection_name: 'theirs', alias: 'their_alias' });
    const row = (pk: string, more: object) => ({
      pk,
      emb: [1, -0.1, 3],
      body: 'Grüße',
      org: 7,
      tree: { a: [1, { b: null }] },
      single: 0.1,
      small: -8,
      flag: true,
      longs: ['9007199254740993'],
      words: ['x', ''],
      ...more,
    });
    await client.insert({
      collection_name: 'theirs',
      partition_name: 'red',
      data: [row(least, { extra: 'dynamic' })],
    });
    await client.insert({
      collection_name: 'theirs',
      data: [row('0', { org: 8, longs: [], words: [], body: '' })],
    });
    await client.createIndex({
      collection_name: 'theirs',
      field_name: 'emb',
      index_name: 'their_index',
      index_type: 'HNSW',
      metric_type: 'IP',
      params: { M: 8, efConstruction: 64 },
    });
    await client.createCollection({
      collection_name: 'texts',
      fields: [
        { name: 'id', ...text, is_primary_key: true },
        { name: 'emb', data_type: 'BinaryVector', dim: 16 },
      ],
    });
    const bits = { emb: [128, 1] };
    await client.insert({
      collection_name: 'texts',
      data: ['', 'Z', 'a', 'é'].map((id) => ({ id, ...bits })),
    });
    await client.createIndex({
      collection_name: 'texts',
      field_name: 'emb',
      index_type: 'BIN_FLAT',
      metric_type: 'JACCARD',
    });
    await client.createCollection({
      collection_name: 'twice',
      fields: [
        { name: 'id', data_type: 'Int64', is_primary_key: true },
        { name: 'emb', data_type: 'FloatVector', dim: 2 },
      ],
    });
    const same = { id: '1', emb: [1, 2] };
    await client.insert({ collection_name: 'twice', data: [same, { id: '2', emb: [3, 4] }] });
    await client.insert({ collection_name: 'twice', data: [same] });
    await client.createIndex({
      collection_name: 'twice',
      field_name: 'emb',
      index_type: 'FLAT',
      metric_type: 'L2',
    });
    await client.closeConnection();
  }, 120_000);

  test('columns of each type, dynamic fields, the smallest key', async () => {
    const { points, manifest } = await exportByCommand(work, `${place}#theirs`);
    expect(manifest.vectors).toMatchObject([{ name: 'emb', dimensions: 3, metric: 'dot', points: 2 }]);
    expect(points[least]).toEqual({
      id: BigInt(least),
      vectors: { emb: Float32Array.of(1, -0.1, 3) },
      metadata: {
        body: 'Grüße',
        org: 7,
        tree: { a: [1, { b: null }] },
        single: Math.fround(0.1),
        small: -8,
        flag: true,
        longs: [9007199254740993n],
        words: ['x', ''],
        extra: 'dynamic',
      },
    });
    expect(points['0']!.metadata).toMatchObject({ body: '', longs: [], words: [] });
    expect(points['0']!.metadata).not.toHaveProperty('extra');
  });

  test('the empty key, keys in the order of their bytes, vectors of bits', async () => {
    const { points } = await exportOf(work, `${place}#texts`);
    expect(Object.keys(points).sort()).toEqual(['', 'Z', 'a', 'é']);
    expect(points['']!.vectors).toEqual({ emb: Uint8Array.of(128, 1) });
  });

  test('partitions are tenants where the place says so, and the facts tell them, alias, time to live and index', async () => {
    const { points } = await exportOf(
      work,
      `${place}#their_alias?tenant=$partition&text=body&omit=tree,extra`,
    );
    expect(points[least]).toMatchObject({ tenant: 'red', text: 'Grüße', metadata: { org: 7 } });
    expect(points['0']).toMatchObject({ tenant: '_default', text: '' });
    expect(points[least]!.metadata).not.toHaveProperty('tree');
    expect(points[least]!.metadata).not.toHaveProperty('extra');
    expect(await described(`${place}#theirs`)).toMatchObject({
      mark: null,
      aliases: ['their_alias'],
      autoIds: false,
      ttl: 'collection.ttl.seconds = 360000',
      limits: { enable_dynamic_field: true },
      partitions: [
        { kind: 'partition', name: '_default' },
        { kind: 'partition', name: 'red' },
      ],
      indexes: { emb: { name: 'their_index', parameters: { index_type: 'HNSW', metric_type: 'IP' } } },
    });
  });

  test('a key that was inserted twice is noticed', async () => {
    expect(await refusalOf(work, `${place}#twice`)).toMatch(
      /the source counts 3|did not answer in the order of the keys/,
    );
  });

  test('expressions of logs let the same rows through as the server does (VECPROOF_CONDITIONS=500 for more of them)', async () => {
    const { endpoint } = await serverOf(milvus.definition);
    const wanted = Number(process.env['VECPROOF_CONDITIONS'] ?? 40);
    const found = await compareExpressions(endpoint, wanted, 1);
    expect({ different: found.different, byServer: found.byServer }).toEqual({ different: [], byServer: [] });
    expect(found.read).toBeGreaterThan(wanted / 2);
  });

  test('names that are not there are refused with the nearest one', async () => {
    expect(await refusalOf(work, `${place}#texts?omit=emd`)).toContain(
      'has no field "emd". Did you mean "emb"?',
    );
    expect(await refusalOf(work, `${place}#theirs?text=org`)).toContain('is no text');
    expect(await refusalOf(work, `${place}#theirz`)).toContain('there is no collection "theirz"');
  });
});

const pgvector = found('pgvector');
describe.skipIf(pgvector.missing !== undefined)(
  `foreign tables on a server of pgvector${pgvector.suffix}`,
  () => {
    let place: string;
    let env: NodeJS.ProcessEnv;
    beforeAll(async () => {
      const { endpoint } = await serverOf(pgvector.definition);
      const { host, port, secrets, settings } = endpoint;
      env = { ...process.env, PGPASSWORD: secrets['password'], PGSSLMODE: 'disable' };
      place = `pgvector:postgres://${settings['user']}@${host}:${port}/${settings['database']}`;
      const { Client } = require('pg');
      const client = new Client({
        host,
        port,
        user: settings['user'],
        database: settings['database'],
        password: secrets['password'],
      });
      await client.connect();
      await client.query(`CREATE EXTENSION IF NOT EXISTS vector; CREATE SCHEMA their;
      CREATE TABLE their.docs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), n integer, v vector(4));
      INSERT INTO their.docs (n, v) SELECT i, ARRAY[i, 1, 2, 3]::vector FROM generate_series(1, 3000) AS i;
      CREATE INDEX their_index ON their.docs USING hnsw (v vector_l2_ops) WITH (m = 6);
      CREATE ROLE reader LOGIN PASSWORD 'reader-of-s13'; GRANT USAGE ON SCHEMA their TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA their TO reader;
      CREATE TABLE their.hidden (id integer PRIMARY KEY, v vector(2)); INSERT INTO their.hidden VALUES (1, '[1,1]'), (2, '[2,2]');
      ALTER TABLE their.hidden ENABLE ROW LEVEL SECURITY; CREATE POLICY first_alone ON their.hidden USING (id = 1); GRANT SELECT ON their.hidden TO reader;`);
      await client.end();
    });

    test('ranges on connections of their own see one snapshot, whatever is committed meanwhile', async () => {
      const source = await openSource(`${place}#their.docs`, { cwd: work.folder, env, signal: never });
      const { Client } = require('pg');
      const { endpoint } = await serverOf(pgvector.definition);
      const { host, port, secrets, settings } = endpoint;
      const writer = new Client({
        host,
        port,
        user: settings['user'],
        database: settings['database'],
        password: secrets['password'],
      });
      await writer.connect();
      try {
        const snapshot = await source.collection.points.snapshot();
        const ranges = await snapshot.ranges!(4);
        expect(ranges).toHaveLength(4);
        await writer.query('DELETE FROM their.docs WHERE n % 2 = 0; UPDATE their.docs SET n = -n');
        const seen = await Promise.all(
          ranges.map(async (range) => {
            const found: number[] = [];
            for await (const { points } of snapshot.scan({ batchSize: 100, range }))
              found.push(...points.map(({ metadata }) => Number(metadata['n'])));
            return found;
          }),
        );
        expect(seen.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 3000 }, (_, i) => i + 1));
        for (const each of seen) expect(each.length).toBeGreaterThan(500);
        await snapshot.close();
        const { indexes, mark } = await source.collection.points.describe();
        expect(mark).toBe(null);
        expect(indexes).toMatchObject({ v: { name: 'their_index', parameters: { type: 'hnsw', m: 6 } } });
      } finally {
        await writer.end();
        await source.close();
      }
    });

    test('rows that row security hides are noticed, and nothing is exported', async () => {
      const reader = place.replace(/\/\/[^@]*@/, '//reader@');
      const source = await openSource(`${reader}#their.hidden`, {
        cwd: work.folder,
        env: { ...env, PGPASSWORD: 'reader-of-s13' },
        signal: never,
      });
      try {
        const reading = async () => {
          const snapshot = await source.collection.points.snapshot();
          try {
            for await (const _ of snapshot.scan({ batchSize: 10 }));
          } finally {
            await snapshot.close();
          }
        };
        await expect(reading()).rejects.toThrow('row-level security hides rows from this user');
      } finally {
        await source.close();
      }
    });
  },
);
