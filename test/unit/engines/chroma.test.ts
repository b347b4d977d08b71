import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { engine } from '../../../engines/chroma/engine.js';
import { server } from '../../../engines/chroma/launch.js';
import type { OptionsInput } from '../../../engines/contract/options.js';

const parse = (index: OptionsInput['index'], search: OptionsInput['search']) =>
  engine.parseOptions({ index, search });

describe('options', () => {
  test('are complete', () => {
    expect(parse({}, {})).toEqual({
      state: 'ok',
      index: { type: 'hnsw', quantization: 'none', m: 16, efConstruction: 100 },
      search: { ef: 100 },
      variant: 'hnsw',
    });
  });

  test('ef given with the index is what the search uses', () => {
    expect(parse({ ef: 20 }, {})).toMatchObject({ state: 'ok', index: { ef: 20 }, search: { ef: 20 } });
    expect(parse({ ef: 20 }, { ef: 20 })).toMatchObject({ state: 'ok', search: { ef: 20 } });
  });

  test('ef given twice and differently is a fault', () => {
    expect(parse({ ef: 20 }, { ef: 40 })).toEqual({
      state: 'invalid',
      issues: [
        { path: ['search', 'ef'], what: 'ef is 20 under index: give it once, here or there', got: 40 },
      ],
    });
  });

  test.each([
    [{ type: 'spann' }, 'type must be hnsw'],
    [{ quantization: 'sq8' }, 'quantization must be none'],
    [{ m: 1 }, 'm must be an integer from 2 to 1024'],
  ])('%j is a fault', (index, message) => {
    const result = parse(index, {});
    expect(result.state === 'invalid' && result.issues.map((issue) => issue.what)).toEqual([message]);
  });
});

describe('a server by url', () => {
  const endpointOf = async (url: string, env: NodeJS.ProcessEnv) => {
    const signal = new AbortController().signal;
    const running = await server.launch({ mode: 'url', url, env, labels: {}, threads: 1, signal });
    expect(running.restart).toBeUndefined();
    return running.endpoint;
  };

  test('its address, and nothing else, comes from the url', async () => {
    expect(await endpointOf('http://db.example', {})).toEqual({
      host: 'db.example',
      port: 8000,
      tls: false,
      secrets: {},
      settings: {},
    });
    expect(await endpointOf('https://db.example', {})).toMatchObject({ port: 443, tls: true });
    expect(await endpointOf('https://db.example:8443', {})).toMatchObject({ port: 8443, tls: true });
  });

  test('a token, tenant and database come from the environment', async () => {
    const env = { CHROMA_TOKEN: 't', CHROMA_TENANT: 'me', CHROMA_DATABASE: 'mine' };
    expect(await endpointOf('http://db.example:8000', env)).toMatchObject({
      secrets: { token: 't' },
      settings: { tenant: 'me', database: 'mine' },
    });
  });
});

test('a server that is not there is a failure that says so', async () => {
  // A port that was free a moment ago; of the lowest ones, fetch refuses some by itself.
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  const endpoint = { host: '127.0.0.1', port, tls: false, secrets: {}, settings: {} };
  const options = { endpoint, folder: '/nowhere', threads: 1, seed: 1 };
  await expect(engine.connect(options, new AbortController().signal)).rejects.toMatchObject({
    name: 'FailureError',
    message: expect.stringMatching(/cannot connect: ECONNREFUSED\n.*check that the server runs/),
    where: `chroma: 127.0.0.1:${port}`,
  });
});
