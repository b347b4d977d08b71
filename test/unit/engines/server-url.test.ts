import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { InputError } from '../../../common/errors.js';
import { server as chroma } from '../../../engines/chroma/launch.js';
import type { LaunchRequest, ServerDefinition } from '../../../engines/contract/server.js';
import { isLoopback } from '../../../engines/kit/server-url.js';
import { server as milvus } from '../../../engines/milvus/launch.js';
import { connectServer } from '../../../engines/pgvector/client.js';
import { server as pgvector } from '../../../engines/pgvector/launch.js';
import { server as qdrant } from '../../../engines/qdrant/launch.js';

const never = new AbortController().signal;
const PASSWORD = 'a-password-that-nobody-may-see';

function request(url: string, env: NodeJS.ProcessEnv = {}, notices: string[] = []): LaunchRequest {
  const onNotice = (text: string) => void notices.push(text);
  return { mode: 'url', url, env, labels: {}, threads: 1, signal: never, onNotice };
}

let listening: Server | undefined;
afterEach(() => void listening?.close());

/** A PostgreSQL server that has no TLS and asks for the password in clear. */
async function fakePostgres(): Promise<{ port: number; heard: () => string }> {
  const chunks: Buffer[] = [];
  listening = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      chunks.push(data);
      if (data.length === 8 && data.readInt32BE(4) === 80_877_103) socket.write('N');
      else if (data[0] === 0x70) socket.destroy();
      // AuthenticationCleartextPassword
      else socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
    });
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  return { port, heard: () => Buffer.concat(chunks).toString('latin1') };
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]).toString('latin1');

describe('PostgreSQL', () => {
  test.each([
    ['sslmode=verify_full', /Did you mean "verify-full"\?/],
    ['sslmode=VERIFY-FULL', /Did you mean "verify-full"\?/],
    ['sslmode=', /sslmode is none of PostgreSQL’s/],
    ['sslmode=allow', /use prefer/],
    ['ssl=true', /unknown parameter "ssl"/],
    ['sslmod=require', /Did you mean "sslmode"\?/],
    ['sslmode=verify-full&sslmode=disable', /more than once/],
    [`password=${PASSWORD}`, /must hold no credentials/],
  ])('%s is bad input, and nothing is sent', async (parameters, message) => {
    const { port, heard } = await fakePostgres();
    const url = `postgres://me:${PASSWORD}@127.0.0.1:${port}/x?${parameters}`;
    for (const begin of [pgvector.prepare, pgvector.launch]) {
      const act = begin(request(url));
      await expect(act).rejects.toBeInstanceOf(InputError);
      await expect(act).rejects.toThrow(message);
      await expect(act).rejects.not.toThrow(PASSWORD);
    }
    expect(heard()).toBe('');
  });

  test('PGSSLMODE is held to the same', async () => {
    const env = { PGSSLMODE: 'on' };
    await expect(pgvector.launch(request('postgres://127.0.0.1:1/x', env))).rejects.toThrow(/PGSSLMODE/);
  });

  test.each(['', '?sslmode=prefer'])('%s: TLS is tried first', async (parameters) => {
    const { port, heard } = await fakePostgres();
    const url = `postgres://me:${PASSWORD}@127.0.0.1:${port}/x${parameters}`;
    const { endpoint } = await pgvector.launch(request(url));
    expect(heard()).toBe(SSL_REQUEST);
    expect(endpoint.tls).toBe(false);
  });

  test.each(['require', 'verify-ca', 'verify-full'])(
    '%s: no password for a server without TLS',
    async (mode) => {
      const { port, heard } = await fakePostgres();
      const url = `postgres://me:${PASSWORD}@127.0.0.1:${port}/x?sslmode=${mode}`;
      const { endpoint } = await pgvector.launch(request(url));
      await expect(connectServer(endpoint, never)).rejects.toThrow(/does not support SSL/);
      expect(heard()).toBe(SSL_REQUEST);
    },
  );

  test('beyond this machine nothing goes in clear unless it was asked for', async () => {
    const { port } = await fakePostgres();
    // Another name of this machine, which does not say so.
    const host = '0.0.0.0';
    const url = `postgres://me:${PASSWORD}@${host}:${port}/x`;
    await expect(pgvector.launch(request(url))).rejects.toThrow(/offers no TLS[\s\S]*sslmode=disable/);
    for (const mode of ['prefer', 'disable']) {
      const notices: string[] = [];
      const { endpoint } = await pgvector.launch(request(`${url}?sslmode=${mode}`, {}, notices));
      expect(endpoint.tls).toBe(false);
      expect(notices).toEqual([
        `the password of PostgreSQL travels to ${host} without encryption: use sslmode=verify-full`,
      ]);
    }
  });
});

describe.each<[string, ServerDefinition, NodeJS.ProcessEnv]>([
  ['Qdrant', qdrant, { QDRANT_API_KEY: PASSWORD }],
  ['Chroma', chroma, { CHROMA_TOKEN: PASSWORD }],
  ['Milvus', milvus, { MILVUS_TOKEN: PASSWORD }],
])('%s', (title, server, env) => {
  test('every connection without encryption beyond this machine is told, with what travels', async () => {
    const notices: string[] = [];
    await server.launch(request('http://db.example:1', env, notices));
    await server.launch(request('http://db.example:1', {}, notices));
    for (const quiet of ['https://db.example:1', 'http://127.0.0.1:1', 'http://localhost:1'])
      await server.launch(request(quiet, env, notices));
    expect(notices).toEqual([
      expect.stringMatching(new RegExp(`^the (API key|token) of ${title} travels to db.example without enc`)),
      expect.stringMatching(new RegExp(`^what is sent to ${title} at db.example travels without encryption`)),
    ]);
  });

  test.each([
    `http://db.example/?api_key=${PASSWORD}`,
    `http://db.example/?token=${PASSWORD}`,
    `ftp://db.example/${PASSWORD}`,
    `http://db.example/?timeot=${PASSWORD}`,
    `${PASSWORD}@db.example`,
    ...(title === 'Milvus' ? [] : [`https://${PASSWORD}@db.example`, `https://me:${PASSWORD}@db.example`]),
  ])('%s is bad input that does not show it', async (url) => {
    for (const begin of [server.prepare, server.launch]) {
      const act = begin(request(url));
      await expect(act).rejects.toBeInstanceOf(InputError);
      await expect(act).rejects.not.toThrow(PASSWORD);
    }
  });
});

test('loopback', () => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]', 'LOCALHOST', 'a.localhost'])
    expect(isLoopback(host), host).toBe(true);
  for (const host of ['localhost.example', '127.0.0.1.example', '10.0.0.1', '::2', '0.0.0.0'])
    expect(isLoopback(host), host).toBe(false);
});
