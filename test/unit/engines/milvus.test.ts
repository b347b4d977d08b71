import { describe, expect, test } from 'vitest';
import type { OptionsInput } from '../../../engines/contract/options.js';
import { ask, command, requireSuccess } from '../../../engines/milvus/client.js';
import { engine } from '../../../engines/milvus/engine.js';
import { server } from '../../../engines/milvus/launch.js';

const parse = (index: OptionsInput['index'], search: OptionsInput['search'] = {}) =>
  engine.parseOptions({ index, search });

describe('options', () => {
  test.each<[OptionsInput['index'], object, object, string]>([
    [{}, { type: 'hnsw', quantization: 'none', m: 16, efConstruction: 128 }, { ef: 64 }, 'hnsw'],
    [{ type: 'flat' }, { type: 'flat', quantization: 'none' }, {}, 'flat'],
    [{ type: 'ivf' }, { type: 'ivf', quantization: 'none', nlist: 64 }, { nprobe: 8 }, 'ivf'],
    [
      { type: 'ivf', quantization: 'i8' },
      { type: 'ivf', quantization: 'sq8', nlist: 64 },
      { nprobe: 8 },
      'ivf-sq8',
    ],
    [
      { type: 'ivf', quantization: 'pq', pqSegments: 48 },
      { type: 'ivf', quantization: 'pq', nlist: 64, pqSegments: 48, bits: 8 },
      { nprobe: 8 },
      'ivf-pq',
    ],
    [{ type: 'scann' }, { type: 'scann', quantization: 'pq', nlist: 64 }, { nprobe: 8 }, 'scann'],
  ])('%j are completed', (given, index, search, variant) => {
    expect(parse(given)).toEqual({ state: 'ok', index, search, variant });
  });

  test.each<[OptionsInput['index'], OptionsInput['search'], string]>([
    [{ type: 'hnsw', quantization: 'sq8' }, {}, 'quantization of hnsw must be none'],
    [{ type: 'diskann' }, {}, 'type must be one of flat, hnsw, ivf, scann'],
    [{ type: 'ivf', m: 16 }, {}, 'm '],
    [{ type: 'flat' }, { ef: 10 }, 'ef '],
    [{ type: 'ivf' }, { reorderK: 10 }, 'reorderK '],
  ])('%j %j is a fault', (index, search, message) => {
    const result = parse(index, search);
    expect(result.state === 'invalid' && result.issues).toHaveLength(1);
    expect(result.state === 'invalid' && result.issues[0]!.what).toContain(message);
  });

  test.each<[OptionsInput['index'], OptionsInput['search'], object, RegExp]>([
    [{}, { ef: 9 }, {}, /ef must be at least k \(10\)/],
    [{ type: 'scann' }, { reorderK: 9 }, {}, /reorderK must be at least k \(10\)/],
    [{ type: 'ivf', nlist: 1001 }, {}, {}, /must not exceed the number of points \(1000\)/],
    [{ type: 'ivf', quantization: 'pq', pqSegments: 7 }, {}, {}, /must divide the 384 dimensions/],
    [{ type: 'ivf', quantization: 'pq' }, {}, { count: 200 }, /at least 256 points to train/],
    [{ type: 'scann' }, {}, { dimensions: 7 }, /even number of dimensions, not 7/],
    [{}, { ef: 20_000 }, { k: 16_385 }, /at most 16384 hits/],
    [{}, {}, { dimensions: 32_769 }, /at most 32768 dimensions/],
  ])('%j %j on %j is a fault of the data', (index, search, data, message) => {
    const parsed = parse(index, search);
    if (parsed.state !== 'ok') throw new Error(JSON.stringify(parsed));
    const shape = { metric: 'cosine', dimensions: 384, count: 1000, k: 10, ...data } as const;
    const found = engine.checkData(shape, parsed.index, parsed.search);
    expect(found).toHaveLength(1);
    expect(found[0]!.what).toMatch(message);
  });
});

describe('outcomes of calls', () => {
  test('success in either form passes', () => {
    expect(() => requireSuccess('x', { error_code: 'Success', code: 0, reason: '' })).not.toThrow();
    expect(() => requireSuccess('x', { code: 0 })).not.toThrow();
  });

  test('a failure is seen in the old form, in the new one, and where both disagree', () => {
    const old = { error_code: 'UnexpectedError', reason: 'no' };
    const contradictory = { error_code: 'Success', code: 1, reason: 'invalid index' };
    expect(() => requireSuccess('search', old)).toThrow('search: no (code UnexpectedError)');
    expect(() => requireSuccess('index', { code: 65_535, reason: 'dim' })).toThrow('index: dim (code 65535)');
    expect(() => requireSuccess('index', contradictory)).toThrow('index: invalid index (code 1)');
  });

  test('a call that resolves with a failure is rejected', async () => {
    const answer = Promise.resolve({ status: { error_code: 'UnexpectedError', reason: 'no', code: 101 } });
    await expect(ask('search', answer)).rejects.toThrow('search: no (code 101)');
  });

  test('a plain object that is thrown becomes an error', async () => {
    const thrown = Promise.reject({ error_code: 'UnexpectedError', reason: 'exists', code: 65_535 });
    await expect(command('create', thrown)).rejects.toMatchObject({
      name: 'FailureError',
      what: 'create: exists (code 65535)',
    });
  });

  test('a server that is gone is told apart', async () => {
    const thrown = Promise.reject(Object.assign(new Error('14 UNAVAILABLE'), { code: 14 }));
    await expect(command('load', thrown)).rejects.toMatchObject({ name: 'ConnectionLostError' });
  });
});

describe('a server by url', () => {
  const endpointOf = async (url: string, env: NodeJS.ProcessEnv) => {
    const signal = new AbortController().signal;
    const running = await server.launch({ mode: 'url', url, env, labels: {}, threads: 1, signal });
    return running.endpoint;
  };

  test('address and database come from the url', async () => {
    expect(await endpointOf('http://db.example/mine', {})).toEqual({
      host: 'db.example',
      port: 19_530,
      tls: false,
      secrets: {},
      settings: { database: 'mine' },
    });
    expect(await endpointOf('https://db.example:8443', {})).toMatchObject({ port: 8443, tls: true });
  });

  test('credentials come from the environment', async () => {
    const env = { MILVUS_TOKEN: 't', MILVUS_USER: 'u', MILVUS_PASSWORD: 'p' };
    expect(await endpointOf('https://db.example', env)).toMatchObject({
      port: 443,
      secrets: { token: 't', password: 'p' },
      settings: { user: 'u' },
    });
  });
});
