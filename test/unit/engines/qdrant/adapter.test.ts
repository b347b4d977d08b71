import { afterEach, describe, expect, test } from 'vitest';
import { ConnectionLostError } from '../../../../common/errors.js';
import type { Metric } from '../../../../datasets/dataset.js';
import type { OptionsInput } from '../../../../engines/contract/options.js';
import { rowSpec } from '../../../../engines/kit/rows.js';
import { engine } from '../../../../engines/qdrant/engine.js';
import { createBody, pointsPerRequest } from '../../../../engines/qdrant/requests.js';
import { recorded, replay, requireDescribed } from './replay.js';
import {
  askFor,
  batchOf,
  beyondTranscript,
  CREATE,
  close,
  collect,
  is,
  many,
  NAME,
  never,
  POINTS,
  parsed,
  QUERY,
  serve,
} from './server.js';

afterEach(close);

describe('answers of the real server', () => {
  test('the version is read and the collection created, loaded, searched, counted and dropped', async () => {
    const server = await serve(beyondTranscript);
    const connected = await engine.connect(
      { endpoint: server.endpoint, folder: '', threads: 2, seed: 1 },
      never,
    );
    expect(await connected.version()).toBe('1.17.1');
    const collection = await collect(server);
    await collection.load(
      batchOf(
        [
          [1, 2, 3, 4],
          [4, 3, 2, 1],
        ],
        5,
      ),
      never,
    );
    const hits = await askFor(collection, 3, [1, 2, 3, 4]);
    expect(Array.from(hits.keys)).toEqual([1, 6, 3]);
    expect(Array.from(hits.scores)).toEqual([0.9999999, 0.91287094, 0.7745967]);
    expect(await collection.count()).toBe(3);
    await collection.drop();
    const upsert = server.requests.find((request) => is(request, 'put', POINTS))!;
    expect(upsert.query).toBe('wait=true');
    expect(upsert.body).toEqual({
      batch: {
        ids: [5, 6],
        vectors: [
          [1, 2, 3, 4],
          [4, 3, 2, 1],
        ],
      },
    });
    expect(server.requests.find((request) => is(request, 'post', QUERY))!.body).toEqual({
      query: [1, 2, 3, 4],
      limit: 3,
      params: { exact: true },
      with_payload: false,
      with_vector: false,
    });
  });

  test('its scores are cosines, as declared', async () => {
    const { body, response } = recorded('query exact');
    const { query } = body as { query: number[] };
    const stored = new Map<number, number[]>([
      [1, [1, 2, 3, 4]],
      [6, [1, 1, 1, 1]],
      [3, [0, 1, 0, 1]],
    ]);
    const { points } = (response as { result: { points: { id: number; score: number }[] } }).result;
    expect(engine.capabilities.scores.cosine).toBe('cos');
    for (const { id, score } of points) {
      const dot = stored.get(id)!.reduce((sum, value, i) => sum + value * query[i]!, 0);
      const length = (vector: number[]) => Math.hypot(...vector);
      expect(Math.abs(score - dot / length(query) / length(stored.get(id)!))).toBeLessThan(3e-7);
    }
  });

  test('each error holds the words of the server, and where', async () => {
    const server = await serve((request) => {
      if (is(request, 'put', POINTS)) return recorded('error: wrong dimension upsert');
      if (is(request, 'post', QUERY)) return recorded('error: unknown collection');
      return beyondTranscript(request);
    });
    const collection = await collect(server);
    const where = `qdrant at 127.0.0.1:${server.endpoint.port}: `;
    await expect(collection.load(many(3), never)).rejects.toThrow(
      `${where}cannot load points: HTTP 400: Wrong input: Vector dimension error: expected dim: 4, got 3`,
    );
    await expect(askFor(collection, 3, [1, 2, 3, 4])).rejects.toThrow(
      `${where}the query failed: HTTP 404: Not found: Collection \`nope\` doesn't exist!`,
    );
  });

  test('a server that is gone is told from one that refuses', async () => {
    const server = await serve(beyondTranscript);
    const collection = await collect(server);
    const prepared = await collection.prepare(parsed({ type: 'flat' }).search, 3);
    await prepared.query(Float32Array.of(1, 2, 3, 4));
    await close();
    const gone = /qdrant at 127\.0\.0\.1:\d+: .*: no answer \((ECONNREFUSED|UND_ERR_SOCKET|ECONNRESET)\)/;
    for (const asked of [
      () => prepared.query(Float32Array.of(1, 2, 3, 4)),
      () => collection.load(many(3), never),
      () => collection.ready(never),
      () => collection.drop(),
    ]) {
      const error = await Promise.resolve(asked()).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ConnectionLostError);
      expect((error as Error).message).toMatch(gone);
    }
  });

  test('a collection that exists is not taken over', async () => {
    const server = await serve((request) =>
      is(request, 'put', CREATE) ? recorded('create existing -> 409') : undefined,
    );
    await expect(collect(server)).rejects.toThrow('HTTP 409: Wrong input: Collection `demo` already exists!');
  });

  test('points that the server only acknowledges are not stored', async () => {
    const server = await serve((request) =>
      is(request, 'put', POINTS)
        ? recorded('upsert without wait -> acknowledged')
        : beyondTranscript(request),
    );
    await expect((await collect(server)).load(many(1), never)).rejects.toThrow('points were not stored');
  });

  test('a count that differs from what was loaded is a failure', async () => {
    const server = await serve(beyondTranscript);
    const collection = await collect(server);
    await collection.load(many(4), never);
    await expect(collection.ready(never)).rejects.toThrow('holds 3 points after 4 were loaded');
  });
});

describe('names', () => {
  test('all requests name the one collection that was asked for; others are never listed or touched', async () => {
    const server = await serve(beyondTranscript);
    const collection = await collect(server);
    await collection.load(many(3), never);
    await collection.ready(never);
    await askFor(collection, 3, [1, 2, 3, 4]);
    await collection.drop();
    const names = new Set(
      server.requests.filter(({ route }) => route !== '/').map((request) => request.collection),
    );
    expect([...names]).toEqual([NAME]);
  });
});

describe('settings', () => {
  const spec = (index: OptionsInput['index'], metric: Metric = 'l2') =>
    rowSpec({ name: 'p', dimensions: 8, metric, capacity: 10, index: parsed(index).index });

  test.each([
    [{ type: 'flat' }, { hnsw_config: { m: 0 }, optimizers_config: { indexing_threshold: 0 } }],
    [
      { m: 24, efConstruction: 200, fullScanThreshold: 500, segments: 1 },
      {
        hnsw_config: { m: 24, ef_construct: 200, full_scan_threshold: 500, max_indexing_threads: 2 },
        optimizers_config: { indexing_threshold: 0, default_segment_number: 1 },
      },
    ],
    [{ quantization: 'sq8' }, { quantization_config: { scalar: { type: 'int8', always_ram: true } } }],
    [{ quantization: 'pq' }, { quantization_config: { product: { compression: 'x16', always_ram: true } } }],
    [
      { quantization: 'binary', encoding: 'two_bits' },
      { quantization_config: { binary: { encoding: 'two_bits', always_ram: true } } },
    ],
  ])('%j is what the server is told, in words that it knows', (index, expected) => {
    const body = createBody(spec(index), 2);
    expect(body).toMatchObject({ vectors: { size: 8, distance: 'Euclid' }, ...expected });
    requireDescribed({ $ref: '#/$defs/CreateCollection' }, body, 'create');
  });

  test.each([
    ['cosine', 'Cosine'],
    ['dot', 'Dot'],
    ['l2', 'Euclid'],
  ] as const)('%s is %s', (metric, distance) => {
    expect(createBody(spec({}, metric), 2).vectors).toEqual({ size: 8, distance });
  });

  test.each([
    [{}, {}, { hnsw_ef: 64 }, 64],
    [{}, { ef: 3 }, { hnsw_ef: 3 }, 10],
    [{ quantization: 'sq8' }, { ef: 20 }, { hnsw_ef: 20, quantization: { rescore: false } }, 20],
    [{ quantization: 'binary' }, {}, { hnsw_ef: 64, quantization: { rescore: true } }, 64],
    [
      { quantization: 'pq' },
      { ef: 20, rescore: true, oversampling: 2.55 },
      { hnsw_ef: 20, quantization: { rescore: true, oversampling: 2.55 } },
      25,
    ],
  ])('%j searched with %j', async (index, given, params, ef) => {
    const server = await serve((request) =>
      is(request, 'post', QUERY) ? { response: recorded('query exact').response } : beyondTranscript(request),
    );
    const collection = await collect(server, { index });
    const prepared = await collection.prepare(parsed(index, given).search, 10);
    await prepared.query(Float32Array.of(1, 2, 3, 4));
    expect(server.requests.at(-1)!.body).toMatchObject({ limit: 10, params });
    expect((server.requests.at(-1)!.body as { params: object }).params).toEqual(params);
    expect(prepared.effective!['ef']).toBe(ef);
  });
});

describe('loading', () => {
  test('goes in requests of at most 1000 points, four at once, each waited for', async () => {
    const server = await serve(beyondTranscript);
    await (await collect(server)).load(many(6500), never);
    const upserts = server.requests.filter((request) => is(request, 'put', POINTS));
    const ids = upserts.map(({ body }) => (body as { batch: { ids: number[] } }).batch.ids);
    expect(Math.max(...ids.map(({ length }) => length))).toBe(1000);
    expect(ids.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 6500 }, (_, row) => row));
    expect(upserts.every(({ query }) => query === 'wait=true')).toBe(true);
    expect(server.mostAtOnce()).toBeGreaterThan(1);
    expect(server.mostAtOnce()).toBeLessThanOrEqual(4);
  });

  test('after a refusal nothing more is sent', async () => {
    const server = await serve((request) =>
      is(request, 'put', POINTS) ? recorded('error: wrong dimension upsert') : beyondTranscript(request),
    );
    await expect((await collect(server)).load(many(20_000), never)).rejects.toThrow('HTTP 400');
    expect(server.requests.filter((request) => is(request, 'put', POINTS)).length).toBeLessThanOrEqual(4);
  });

  test.each([1, 4, 384, 1536, 4096, 65_536])(
    'a request of %i dimensions stays below 32 MiB',
    (dimensions) => {
      const count = pointsPerRequest(dimensions);
      const ids = Array<number>(count).fill(4_294_967_295);
      // The longest that a float32 gets as JSON.
      const vector = Array<number>(dimensions).fill(Math.fround(-1.1754943508222875e-38));
      const text = JSON.stringify({ batch: { ids, vectors: ids.map(() => vector) } });
      expect(text.length).toBeLessThan(33_554_432);
      expect(count).toBeGreaterThanOrEqual(1);
    },
  );
});

test('the replay refuses what the server does not know, and what was not recorded', async () => {
  const ask =
    (path: string, body: object, method = 'POST') =>
    async () => {
      const server = await replay();
      const { host, port } = server.endpoint;
      await fetch(`http://${host}:${port}${path}`, { method, body: JSON.stringify(body) });
      await server.close();
    };
  const query = '/collections/x/points/query';
  await expect(ask(query, { query: [1], limit: 1, params: { hnswEf: 3 } })).rejects.toThrow('NOT');
  await expect(ask(query, { query: [1], params: { quantization: { rescore: true } } })).rejects.toThrow(
    'not recorded',
  );
  await expect(ask('/collections/x/nowhere', {})).rejects.toThrow('no route');
  await expect(ask('/collections/x/points?waits=true', { points: [] }, 'PUT')).rejects.toThrow(
    'knows no ?waits',
  );
});
