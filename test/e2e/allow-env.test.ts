import { once } from 'node:events';
import { cpSync, mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

const KEY = 'a-key-of-production-4711';

/** What a server hears of everybody's environment. */
let server: Server;
let heard: string[] = [];
let url: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    heard.push(`${request.url} ${JSON.stringify(request.headers)}`);
    request.resume();
    // What was left of a run is asked for at its end: nothing.
    if (request.method === 'GET' && /\/collections(\?|$)/.test(request.url ?? '')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('[]');
      return;
    }
    // It is asked whether it is there, before a run begins.
    if (request.url?.endsWith('/version')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('"1.0.0"');
      return;
    }
    response.writeHead(500, { 'content-type': 'application/json' }).end('{"status":{"error":"no"}}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(() => {
  heard = [];
});

function workspace(address: string): Workspace {
  const work = new Workspace();
  work.write('points.npy', npy(randomVectors(100, 4)));
  work.write('points.queries.npy', npy(randomVectors(5, 4, 2)));
  const dataset = 'dataset: { path: ./points.npy, metric: l2 }';
  const engines = `engines:\n  - { use: chroma, url: "${address}" }`;
  work.write('suite.yaml', `version: 1\nname: theirs\n${dataset}\nk: 5\nrepeat: 1\nwarmup: 0\n${engines}\n`);
  return work;
}

const env = (more: Record<string, string> = {}) => ({ CHROMA_TOKEN: KEY, AWS_SECRET: KEY, ...more });

describe('a suite from elsewhere', () => {
  test('gets no variable that was not allowed, and its servers no credential', async () => {
    const work = workspace(url);
    const own = await vecproof(['run', 'suite.yaml'], { folder: work.folder, env: env() });
    expect(own.code, own.stderr).toBe(3);
    expect(heard.join('\n'), 'as with one’s own suites').toContain(KEY);
    heard = [];
    const place = { folder: workspace(url).folder, env: env() };
    expect((await vecproof(['run', 'suite.yaml', '--allow-env', 'none'], place)).code).toBe(3);
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.join('\n')).not.toContain(KEY);
  });

  test('a variable in its address is a fault', async () => {
    const work = workspace(`${url}/\${AWS_SECRET}`);
    const place = { folder: work.folder, env: env() };
    const { code, stderr } = await vecproof(['run', 'suite.yaml', '--allow-env', 'OTHER,HOST'], place);
    expect(code).toBe(2);
    expect(stderr).toContain(
      'uses the environment variable AWS_SECRET, which is not set or not allowed (--allow-env)',
    );
    expect(heard).toEqual([]);
  });
});

describe('a run that is continued', () => {
  const again = ['run', '--resume', 'latest', '--retry-failed'];

  test('here, with the same addresses, as before', async () => {
    const work = workspace(url);
    const place = { folder: work.folder, env: env() };
    await vecproof(['run', 'suite.yaml'], place);
    heard = [];
    expect((await vecproof(again, place)).code).toBe(3);
    expect(heard.join('\n')).toContain(KEY);
  });

  test('from elsewhere: nothing is sent until it was allowed, and then only that', async () => {
    const theirs = workspace(url);
    await vecproof(['run', 'suite.yaml'], { folder: theirs.folder, env: {} });
    const ours = workspace(url);
    mkdirSync(join(ours.folder, '.runs'), { recursive: true });
    cpSync(join(theirs.folder, '.runs'), join(ours.folder, '.runs'), { recursive: true });
    cpSync(join(theirs.folder, 'points.npy'), join(ours.folder, 'points.npy'));
    const place = { folder: ours.folder, env: env() };
    heard = [];
    const refused = await vecproof(again, place);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`it connects to ${url}`);
    expect(refused.stderr).toContain('--allow-env none');
    expect(heard).toEqual([]);
    const allowed = await vecproof([...again, '--allow-env', 'none'], place);
    expect(allowed.code, allowed.stderr).toBe(3);
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.join('\n')).not.toContain(KEY);
  });

  test('whose address is another one now: nothing is sent', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
    const work = workspace('${DB_URL}');
    await vecproof(['run', 'suite.yaml'], {
      folder: work.folder,
      env: env({ DB_URL: url.replace('127.0.0.1', 'localhost') }),
    });
    heard = [];
    const { code, stderr } = await vecproof(again, { folder: work.folder, env: env({ DB_URL: url }) });
    expect(code).toBe(2);
    expect(stderr).toContain('--allow-env DB_URL');
    expect(heard).toEqual([]);
  });
});
