import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { server as chroma } from '../../engines/chroma/launch.js';
import type { LaunchedServer } from '../../engines/contract/server.js';
import { server as milvus } from '../../engines/milvus/launch.js';
import { server as pgvector } from '../../engines/pgvector/launch.js';
import { standInOf } from '../conformance/stand-in.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { filesBelow, textsOf } from '../security/decode.js';
import { ENCODINGS } from '../security/encodings.js';
import { describeWith, request } from './docker.js';
import type { Echo, HostileServer } from './helpers/hostile.js';
import { hostileHttp } from './helpers/hostile-http.js';
import { hostileMilvus } from './helpers/hostile-milvus.js';
import { hostilePostgres } from './helpers/hostile-postgres.js';
import { smallSuite } from './suite.js';

/**
 * Servers that give back the credential they were sent, in every encoding, in errors of searches and in their version. Every
 * file of the runs is read as whoever opens it reads it.
 */
const KEY = 'sk-Live_7f3A9c"2E\\8b1D40+/=%&<56';
const MARK = 'ECHO';
const RUN = `hostile-test-${process.pid}`;

/** Beside the encodings of the whole, a part of it. */
const FORMS: Readonly<Record<string, (value: string) => string>> = {
  ...ENCODINGS,
  'first 12 characters': (value) => value.slice(0, 12),
  'last 12 characters': (value) => value.slice(-12),
};

function echoOf(value: string): Echo {
  return (form) =>
    form === 'one word'
      ? `${MARK}-${value}-${Buffer.from(value).toString('base64url')}`
      : `${MARK} ${Object.entries(FORMS)
          .map(([name, encode]) => `[${name}] ${encode(value)}`)
          .join(' | ')}`;
}

/** By file: forms that stand in it, and whether the server's words came as far as that. */
interface Found {
  leaks: string[];
  reached: boolean;
}

async function measure(
  engine: string,
  server: HostileServer,
  env: Record<string, string>,
  value: string,
): Promise<Map<string, Found>> {
  const found = new Map<string, Found>();
  const look = (name: string, texts: readonly string[]) => {
    const before = found.get(name) ?? { leaks: [], reached: false };
    const leaks = Object.entries(FORMS)
      .filter(([, encode]) => texts.some((text) => text.includes(encode(value))))
      .map(([form]) => form);
    const reached = texts.some((text) => text.includes(MARK));
    found.set(name, { leaks: [...before.leaks, ...leaks], reached: before.reached || reached });
  };
  const { port } = new URL(server.url);
  const variables = { ...env, SERVER_URL: server.url, GITHUB_ACTIONS: 'true' };
  for (const failing of ['some', 'all'] as const) {
    server.failing = failing;
    const work = smallSuite(
      `{ use: ${engine}, url: "\${SERVER_URL}" }`,
      'gates: { "recall@5": "mean >= 0" }',
    );
    const outputs = [
      await vecproof(['run', 'suite.yaml'], {
        folder: work.folder,
        env: variables,
      }),
      await vecproof(['report', 'latest', '--json'], { folder: work.folder }),
      await vecproof(['gate', 'latest', '--format', 'html,csv,json,junit,github'], {
        folder: work.folder,
        env: { GITHUB_ACTIONS: 'true' },
      }),
    ];
    expect(outputs[0]!.code, outputs[0]!.stdout + outputs[0]!.stderr).toBe(failing === 'some' ? 0 : 3);
    look(
      'stdout and stderr',
      outputs.flatMap(({ stdout, stderr }) => [stdout, stderr]),
    );
    for (const path of filesBelow(work.folder)) {
      const name = path.includes('/samples/') ? 'samples/*.parquet' : basename(path);
      if (/^points|^suite/.test(name) || path.includes('/os-temporary/')) continue;
      look(name, await textsOf(path));
    }
  }
  expect(port).not.toBe('');
  return found;
}

/** One line a file: `-` says that the server's words never come to it, `hidden` that they do and the credential does not. */
function expectHidden(engine: string, found: ReadonlyMap<string, Found>): void {
  const rows = [...found].map(([file, { leaks, reached }]) => ({
    file,
    state: leaks.length > 0 ? leaks.join(', ') : reached ? 'hidden' : '-',
  }));
  console.log(
    `${engine}, ${Object.keys(FORMS).length} forms\n${rows.map(({ file, state }) => `  ${file}: ${state}`).join('\n')}`,
  );
  expect(rows.filter(({ state }) => state !== 'hidden' && state !== '-')).toEqual([]);
  const reached = rows.filter(({ state }) => state === 'hidden').map(({ file }) => file);
  for (const file of ['samples/*.parquet', 'events.jsonl', 'results.json', 'results.csv', 'report.html'])
    expect(reached, 'what is looked for must have come this far').toContain(file);
}

const standIn = standInOf('qdrant');
describe.skipIf(standIn === undefined)('Qdrant that gives back its key', () => {
  test('it is in no file and no output, in no form', async () => {
    const core = await standIn!.start();
    const server = await hostileHttp(core.url, echoOf(KEY), {
      isSearch: (method, path) => method === 'POST' && /\/points\/(query|search)/.test(path),
      version: (path, answer, echo) => {
        if (path !== '/') return undefined;
        return JSON.stringify({ ...(JSON.parse(answer) as object), version: `1.17.1-${echo}` });
      },
    });
    try {
      expectHidden('qdrant', await measure('qdrant', server, { QDRANT_API_KEY: KEY }, KEY));
    } finally {
      await server.close();
      await core.stop();
    }
  });
});

describeWith(['chroma'], 'Chroma that gives back its token', () => {
  let real: LaunchedServer;
  beforeAll(async () => {
    real = await chroma.launch(request(RUN));
  });
  afterAll(() => real?.stop());

  test('it is in no file and no output, in no form', async () => {
    const { host, port } = real.endpoint;
    const server = await hostileHttp(`http://${host}:${port}`, echoOf(KEY), {
      isSearch: (method, path) => method === 'POST' && path.endsWith('/query'),
      version: (path, _, echo) => (path.endsWith('/version') ? JSON.stringify(`1.3.4-${echo}`) : undefined),
    });
    try {
      expectHidden('chroma', await measure('chroma', server, { CHROMA_TOKEN: KEY }, KEY));
    } finally {
      await server.close();
    }
  });
});

describeWith(['milvus'], 'Milvus that gives back its token', () => {
  let real: LaunchedServer;
  beforeAll(async () => {
    real = await milvus.launch(request(RUN));
  });
  afterAll(() => real?.stop());

  test('it is in no file and no output, in no form', async () => {
    const server = await hostileMilvus(real.endpoint, echoOf(KEY));
    try {
      expectHidden('milvus', await measure('milvus', server, { MILVUS_TOKEN: KEY }, KEY));
    } finally {
      await server.close();
    }
  });
});

describeWith(['pgvector'], 'PostgreSQL that gives back its password', () => {
  let real: LaunchedServer;
  beforeAll(async () => {
    real = await pgvector.launch(request(RUN));
  });
  afterAll(() => real?.stop());

  test.each(['in the variable of the suite', 'in PGPASSWORD'])('%s', async (where) => {
    const password = real.endpoint.secrets['password']!;
    const inUrl = where.includes('suite');
    const login = inUrl ? `postgres:${password}` : 'postgres';
    const server = await hostilePostgres(real.endpoint, echoOf(password), login);
    try {
      const env = inUrl ? {} : { PGPASSWORD: password };
      expectHidden(
        `pgvector, ${where}`,
        await measure('pgvector', server, env as Record<string, string>, password),
      );
    } finally {
      await server.close();
    }
  });
});
