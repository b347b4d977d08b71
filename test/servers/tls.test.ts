import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { engine as chromaEngine } from '../../engines/chroma/engine.js';
import { server as chroma } from '../../engines/chroma/launch.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { LaunchedServer, ServerDefinition } from '../../engines/contract/server.js';
import { connectDocker } from '../../engines/launcher/docker.js';
import { engine as milvusEngine } from '../../engines/milvus/engine.js';
import { server as milvus } from '../../engines/milvus/launch.js';
import { connectServer } from '../../engines/pgvector/client.js';
import { engine as pgvectorEngine } from '../../engines/pgvector/engine.js';
import { server as pgvector } from '../../engines/pgvector/launch.js';
import type { Results } from '../../harness/model/results.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { until } from '../e2e/helpers/until.js';
import type { Workspace } from '../e2e/helpers/workspace.js';
import { containersOf, describeWith, inside, never, request } from './docker.js';
import { type TcpProxy, tcpProxy } from './helpers/tcp-proxy.js';
import { CERTIFICATE, KEY, type TlsProxy, tlsProxy } from './helpers/tls.js';
import { smallSuite } from './suite.js';

const RUN = `tls-test-${process.pid}`;

/** Connects as a run by url does, from this process, which trusts no certificate of ours. */
async function connect(engine: EngineDefinition, definition: ServerDefinition, url: string, env = {}) {
  const { endpoint } = await definition.launch({ ...request(RUN), mode: 'url', url, env });
  const connected = await engine.connect({ endpoint, folder: '/nowhere', threads: 1, seed: 1 }, never);
  await connected.close();
}

/** A run of one build whose address and secret come from the environment alone; nothing of the secret may stay. */
async function trustingRun(engine: string, env: Record<string, string>, secret: string): Promise<Workspace> {
  const work = smallSuite(`{ use: ${engine}, url: "\${SERVER_URL}" }`);
  const place = { folder: work.folder, env: { ...env, NODE_EXTRA_CA_CERTS: CERTIFICATE } };
  const { code, stderr, stdout } = await vecproof(['run', 'suite.yaml'], place);
  expect(code, stderr).toBe(0);
  expect(work.json<Results>('results.json').trials.map(({ state }) => state)).toEqual(['completed']);
  expect(stdout + stderr).not.toContain(secret);
  for (const file of work.files()) {
    expect(readFileSync(`${work.folder}/${file}`, 'latin1').includes(secret), file).toBe(false);
  }
  return work;
}

describeWith(['pgvector'], 'PostgreSQL over TLS', () => {
  let server: LaunchedServer;
  let proxy: TcpProxy;
  let password: string;
  const url = (mode: string, host = '127.0.0.1') =>
    `postgres://postgres:${password}@${host}:${proxy.port}/postgres${mode && `?sslmode=${mode}`}`;

  beforeAll(async () => {
    server = await pgvector.launch(request(RUN));
    password = server.endpoint.secrets['password']!;
    proxy = await tcpProxy(server.endpoint);
    const [id] = await containersOf(RUN);
    const data = '/var/lib/postgresql/data';
    const files = [
      ['server.crt', CERTIFICATE],
      ['server.key', KEY],
    ].map(([name, path]) => `echo ${readFileSync(path!).toString('base64')} | base64 -d >${data}/${name}`);
    // Afterwards nobody gets in from elsewhere without TLS.
    const only = `sed -i 's/^host /hostssl /' ${data}/pg_hba.conf`;
    const owned = `chown postgres ${data}/server.*; chmod 600 ${data}/server.key`;
    await inside((await connectDocker()).getContainer(id!), [...files, owned].join('; '));
    const session = await connectServer(server.endpoint, never);
    await session.query('ALTER SYSTEM SET ssl = on');
    await inside((await connectDocker()).getContainer(id!), only);
    await session.query('SELECT pg_reload_conf()');
    await session.close();
    await until('TLS alone is accepted', () =>
      connectServer(server.endpoint, never).then(
        (open) => open.close().then(() => false),
        () => true,
      ),
    );
  });
  afterAll(async () => {
    await proxy?.close();
    await server?.stop();
  });

  test('verify-full with the authority given: all is encrypted, and the password is nowhere', async () => {
    await trustingRun('pgvector', { SERVER_URL: url('verify-full') }, password);
    expect(proxy.sent().length).toBeGreaterThan(10_000);
    expect(proxy.sent()).not.toMatch(/CREATE TABLE|vecproof|postgres/);
  });

  test.each([
    ['verify-full, unknown authority', 'verify-full', '127.0.0.1', /self-signed[\s\S]*NODE_EXTRA_CA_CERTS/],
    ['no TLS, as asked for', 'disable', '127.0.0.1', /no encryption[\s\S]*sslmode=verify-full/],
  ])('%s is refused with the remedy', async (_, mode, host, message) => {
    await expect(connect(pgvectorEngine, pgvector, url(mode, host))).rejects.toThrow(message);
  });

  test.each(['require', 'prefer', ''])('"%s" encrypts without looking at the certificate', async (mode) => {
    await connect(pgvectorEngine, pgvector, url(mode));
  });
});

describeWith(['chroma'], 'Chroma behind TLS, which asks for a token', () => {
  const token = 'a-token-that-nobody-may-see';
  let server: LaunchedServer;
  let proxy: TlsProxy;
  const url = () => `https://127.0.0.1:${proxy.port}`;

  beforeAll(async () => {
    server = await chroma.launch(request(RUN));
    const denied = 'HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}';
    proxy = await tlsProxy(server.endpoint, (text) =>
      /^(GET|POST|DELETE|PUT) /.test(text) && !text.includes(token) ? denied : undefined,
    );
  });
  afterAll(async () => {
    await proxy?.close();
    await server?.stop();
  });

  test('a certificate that nobody trusts is refused with the remedy, before anything is sent', async () => {
    await expect(connect(chromaEngine, chroma, url(), { CHROMA_TOKEN: token })).rejects.toThrow(
      /cannot connect: DEPTH_ZERO_SELF_SIGNED_CERT\n.*NODE_EXTRA_CA_CERTS/,
    );
    expect(proxy.received()).toBe('');
  });

  test('http where TLS is spoken: the remedy names the address', async () => {
    await expect(connect(chromaEngine, chroma, url().replace('https', 'http'))).rejects.toThrow(
      /begins with http:\/\/ or https:\/\//,
    );
  });

  test('one that is trusted is measured with the token from the environment, which is nowhere afterwards', async () => {
    await trustingRun('chroma', { SERVER_URL: url(), CHROMA_TOKEN: token }, token);
    expect(proxy.received()).toContain(token);
  });

  test('without the token the remedy names the variable', async () => {
    const work = smallSuite(`{ use: chroma, url: "${url()}" }`);
    const place = { folder: work.folder, env: { NODE_EXTRA_CA_CERTS: CERTIFICATE } };
    const { code, stderr } = await vecproof(['run', 'suite.yaml'], place);
    expect(code).toBe(3);
    expect(stderr).toMatch(/cannot connect: HTTP 401\n.*set CHROMA_TOKEN/);
  });
});

describeWith(['milvus'], 'Milvus behind TLS', () => {
  let server: LaunchedServer;
  let proxy: TlsProxy;
  const url = () => `https://127.0.0.1:${proxy.port}`;

  beforeAll(async () => {
    server = await milvus.launch(request(RUN));
    proxy = await tlsProxy(server.endpoint);
  });
  afterAll(async () => {
    await proxy?.close();
    await server?.stop();
  });

  test('a certificate that nobody trusts is refused with the remedy', async () => {
    await expect(connect(milvusEngine, milvus, url())).rejects.toThrow(
      /cannot connect[\s\S]*check the address, TLS/,
    );
    expect(proxy.received()).toBe('');
  });

  test('one that is trusted is measured, and the password is nowhere', async () => {
    const password = 'a-password-that-nobody-may-see';
    const env = { SERVER_URL: url(), MILVUS_USER: 'root', MILVUS_PASSWORD: password };
    await trustingRun('milvus', env, password);
    expect(proxy.received(), 'what was measured went through it').toMatch(/vecproof_[0-9a-f]{12}/);
  });
});
