import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { ask, openClient as openChroma } from '../../../engines/chroma/client.js';
import { reach } from '../../../engines/chroma/connect.js';
import type { Endpoint } from '../../../engines/contract/server.js';
import { openClient as openQdrant } from '../../../engines/qdrant/client.js';
import { send } from '../../../engines/qdrant/http.js';

const KEY = 'a-key-that-stays-here';
const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
});

/** What a second host hears when the first one sends on to it. */
async function twoHosts(status: number): Promise<{ endpoint: Endpoint; other: string; heard: string[] }> {
  const heard: string[] = [];
  const second = createServer((request, response) => {
    heard.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
    response.end('{"result":{"collections":[],"points":[]}}');
  });
  servers.push(second);
  second.listen(0, '127.0.0.1');
  await once(second, 'listening');
  const other = `127.0.0.1:${(second.address() as AddressInfo).port}`;
  const first = createServer((request, response) => {
    request.resume();
    response.writeHead(status, { location: `http://${other}${request.url}` }).end();
  });
  servers.push(first);
  first.listen(0, '127.0.0.1');
  await once(first, 'listening');
  const { port } = first.address() as AddressInfo;
  const secrets = { apiKey: KEY, token: KEY };
  return { other, heard, endpoint: { host: '127.0.0.1', port, tls: false, secrets, settings: {} } };
}

describe.each([301, 302, 303, 307, 308])('HTTP %i to another host', (status) => {
  test('Qdrant: neither its official client nor our own requests follow', async () => {
    const { endpoint, other, heard } = await twoHosts(status);
    const client = openQdrant(endpoint);
    const calls = [
      () => send(endpoint, 'list', 'GET', '/collections'),
      () => send(endpoint, 'make', 'PUT', '/collections/x', { vectors: {} }),
      () => client.versionInfo(),
      () => client.query('x', { query: [1], limit: 1, params: {}, with_payload: false, with_vector: false }),
      () => client.deleteCollection('x'),
    ];
    for (const call of calls) {
      const error = await call().catch((each: unknown) => each);
      expect(JSON.stringify(error) + String(error), String(call)).toContain(other);
    }
    expect(heard).toEqual([]);
  });

  test('Chroma: neither its official client nor our own request follows', async () => {
    const { endpoint, other, heard } = await twoHosts(status);
    const client = openChroma(endpoint);
    await expect(reach(client, endpoint)).rejects.toThrow(other);
    await expect(ask('make', client.createCollection({ name: 'abc' }))).rejects.toThrow(other);
    expect(heard).toEqual([]);
  });
});
