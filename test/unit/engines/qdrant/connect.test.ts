import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { FailureError, InputError } from '../../../../common/errors.js';
import { compiledModule, packageRoot } from '../../../../common/paths.js';
import type { Endpoint, LaunchRequest } from '../../../../engines/contract/server.js';
import { engine } from '../../../../engines/qdrant/engine.js';
import { endpointOf, server } from '../../../../engines/qdrant/launch.js';
import { type Replay, recorded, replay } from './replay.js';

const run = promisify(execFile);
const never = new AbortController().signal;

function request(
  url: string | undefined,
  env: NodeJS.ProcessEnv = {},
  notices: string[] = [],
): LaunchRequest {
  return {
    mode: 'url',
    url,
    env,
    labels: {},
    threads: 1,
    signal: never,
    onNotice: (text) => notices.push(text),
  };
}

describe('url', () => {
  test.each([
    ['http://127.0.0.1:6333', '127.0.0.1', 6333, false, {}],
    ['http://host', 'host', 6333, false, {}],
    ['https://host', 'host', 6333, true, {}],
    // The protocol's own ports, which URL leaves out.
    ['https://host:443', 'host', 443, true, {}],
    ['http://host:80/', 'host', 80, false, {}],
    ['https://host:8443/some/where/', 'host', 8443, true, { prefix: '/some/where' }],
    ['http://[::1]:7000', '::1', 7000, false, {}],
    ['http://[::1]', '::1', 6333, false, {}],
  ])('%s', (url, host, port, tls, settings) => {
    expect(endpointOf(request(url))).toEqual({ host, port, tls, secrets: {}, settings });
  });

  test.each([
    ['localhost:6333', /must begin with http:\/\/ or https:\/\//],
    ['ftp://host', /must begin with/],
    ['', /must begin with/],
    [undefined, /must begin with/],
    ['http://', /must begin with/],
    ['http://me:secret@host', /must hold no user or password/],
  ])('%s is bad input', async (url, message) => {
    const prepared = server.prepare(request(url));
    await expect(prepared).rejects.toBeInstanceOf(InputError);
    await expect(prepared).rejects.toThrow(message);
    await expect(prepared).rejects.not.toThrow('secret');
  });

  test('the key comes from the environment; without encryption people are told', () => {
    const notices: string[] = [];
    const both = { VECPROOF_QDRANT_API_KEY: 'a', QDRANT_API_KEY: 'b' };
    expect(endpointOf(request('https://host', both, notices)).secrets).toEqual({ apiKey: 'a' });
    expect(endpointOf(request('http://localhost', both, notices)).secrets).toEqual({ apiKey: 'a' });
    expect(notices).toEqual([]);
    expect(endpointOf(request('http://host', { QDRANT_API_KEY: 'b' }, notices)).secrets).toEqual({
      apiKey: 'b',
    });
    expect(notices).toEqual([expect.stringContaining('without encryption')]);
  });

  test('a running server is not stopped or measured', async () => {
    const launched = await server.launch(request('http://host:1'));
    await launched.stop();
    expect(launched).toMatchObject({
      image: undefined,
      handle: undefined,
      endpoint: { host: 'host', port: 1 },
    });
    expect(await launched.diskBytes()).toBeUndefined();
  });
});

describe('connecting', () => {
  let running: Replay | undefined;
  afterEach(async () => {
    const stopping = running;
    running = undefined;
    await stopping?.close();
  });
  const connect = (endpoint: Endpoint) =>
    engine.connect({ endpoint, folder: '', threads: 1, seed: 1 }, never);
  const version = (text: unknown) => async () => {
    running = await replay(() => ({
      response: { ...(recorded('root / version').response as object), version: text },
    }));
    return connect(running.endpoint);
  };

  test('the key goes with each request, and only as a header', async () => {
    running = await replay();
    await connect({ ...running.endpoint, secrets: { apiKey: 'sesame' } });
    expect(running.requests[0]!.headers['api-key']).toBe('sesame');
    await connect(running.endpoint);
    expect(running.requests[1]!.headers['api-key']).toBeUndefined();
  });

  test.each([401, 403])('HTTP %i is a failure that names the variable', async (status) => {
    running = await replay(() => ({ status, response: 'Must provide an API key' }));
    const refused = connect({ ...running.endpoint, secrets: { apiKey: 'wrong-key' } });
    await expect(refused).rejects.toBeInstanceOf(FailureError);
    await expect(refused).rejects.toThrow(/access is denied.*\n.*VECPROOF_QDRANT_API_KEY/);
    await expect(refused).rejects.not.toThrow('wrong-key');
  });

  test.each(['1.17.0', '1.17.1', '1.19.2', '2.0.0'])('version %s is new enough', async (text) => {
    expect(await (await version(text)()).version()).toBe(text);
  });

  test.each(['1.16.3', '0.11.0'])('version %s is too old, with the oldest that works', async (text) => {
    await expect(version(text)()).rejects.toThrow(`Qdrant ${text} is too old\n  next: install 1.17 or newer`);
  });

  test('something else that answers is no Qdrant', async () => {
    await expect(version('later')()).rejects.toThrow('what answers there is no Qdrant server (got "later")');
  });

  test('nothing listens there', async () => {
    const stopped = await replay();
    await stopped.close();
    await expect(connect(stopped.endpoint)).rejects.toThrow(
      `qdrant at 127.0.0.1:${stopped.endpoint.port}: cannot connect: no answer (ECONNREFUSED)\n  next: check that the server runs`,
    );
  });

  test('a certificate that nobody trusts is refused, with the remedy', async () => {
    running = await replay(undefined, true);
    await expect(connect(running.endpoint)).rejects.toThrow(
      /no answer \(DEPTH_ZERO_SELF_SIGNED_CERT\)\n.*NODE_EXTRA_CA_CERTS/,
    );
    expect(running.requests).toEqual([]);
  });

  test('one that is trusted is accepted, and the idle connection keeps no process alive', async () => {
    running = await replay(undefined, true);
    const module = pathToFileURL(compiledModule('engines/qdrant/engine.js')).href;
    const script = `
      const { engine } = await import(${JSON.stringify(module)});
      const connected = await engine.connect({ endpoint: ${JSON.stringify(running.endpoint)}, folder: '', threads: 1, seed: 1 }, new AbortController().signal);
      console.log(await connected.version());
      await connected.close();`;
    const trusted = join(packageRoot, 'test', 'golden', 'qdrant', 'self-signed.pem');
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: trusted };
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { env });
    expect(stdout.trim()).toBe('1.17.1');
  });

  test.each([
    [true, false],
    [false, true],
  ])('TLS asked for is %s, spoken there is %s: the remedy names the address', async (tls, spoken) => {
    running = await replay(undefined, spoken);
    await expect(connect({ ...running.endpoint, tls })).rejects.toThrow(
      /begins with http:\/\/ or https:\/\//,
    );
  });
});
