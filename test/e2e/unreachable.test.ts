import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

let port: number;

/** A port that was free a moment ago, and where nothing listens. */
beforeAll(async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
  server.close();
  await once(server, 'close');
});

const ADDRESSES = {
  pgvector: () => `postgres://127.0.0.1:${port}/db`,
  chroma: () => `http://127.0.0.1:${port}`,
  milvus: () => `http://127.0.0.1:${port}`,
  qdrant: () => `http://127.0.0.1:${port}`,
};

describe('an address where nobody answers', () => {
  test.each(Object.entries(ADDRESSES))('ends a run of %s before it begins', async (engine, address) => {
    const work = new Workspace();
    work.write('points.npy', npy(randomVectors(100, 4)));
    work.write('points.queries.npy', npy(randomVectors(5, 4, 2)));
    const engines = `engines:\n  - { use: usearch }\n  - { use: ${engine}, url: "${address()}" }`;
    work.write(
      'suite.yaml',
      `version: 1\nname: dead\ndataset: { path: ./points.npy, metric: l2 }\nk: 5\nrepeat: 1\nwarmup: 0\n${engines}\n`,
    );
    const { code, stderr } = await vecproof(['run', 'suite.yaml'], { folder: work.folder });
    expect(code, stderr).toBe(3);
    expect(stderr).toMatch(
      new RegExp(`^${engine}[: ].*127\\.0\\.0\\.1:${port}: cannot connect: .*ECONNREFUSED`, 'm'),
    );
    expect(stderr).toMatch(/next: .*check/);
    expect(existsSync(join(work.folder, '.runs')), 'not even a folder was made').toBe(false);
  });
});
