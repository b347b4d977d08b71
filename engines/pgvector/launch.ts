import { randomBytes } from 'node:crypto';
import { totalmem } from 'node:os';
import type { Endpoint, LaunchRequest, ServerDefinition } from '../contract/server.js';
import { ownNames } from '../kit/own-names.js';
import { reach } from '../kit/reach.js';
import { isLoopback, noticePlaintext, serverUrl } from '../kit/server-url.js';
import { launchContainer } from '../launcher/container.js';
import { prepareImage } from '../launcher/prepare.js';
import { runningServer } from '../launcher/running.js';
import { connectServer, type Session } from './client.js';
import { quoted } from './fields.js';
import { noTls, offersTls, type SslMode, sslModeOf } from './ssl-mode.js';

const PORT = 5432;
const MIB = 2 ** 20;

export const server: ServerDefinition = {
  async prepare(request) {
    if (request.mode === 'docker') await prepareImage('pgvector', request);
    else await reachRunning(request);
  },
  launch: async (request) => (request.mode === 'url' ? launchRunning(request) : launchDocker(request)),
  async remove(endpoint, nameEnd, signal) {
    const session = await connectServer(endpoint, signal);
    try {
      return await removeTables(session, nameEnd);
    } finally {
      await session.close();
    }
  },
};

/** A server may still be at work for a connection that broke, and hold the table: that work is ended first. */
async function removeTables(session: Session, nameEnd: string): Promise<string[]> {
  const rows = await session.query(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND pg_table_is_visible(oid) AND relname LIKE 'vecproof%'",
  );
  const names = ownNames(
    rows.map(([name]) => name!),
    nameEnd,
  );
  for (const name of names) {
    await session.ask(
      `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
        WHERE l.relation = to_regclass($1) AND a.usename = current_user AND a.pid <> pg_backend_pid()`,
      [quoted(name)],
    );
    await session.query(`DROP TABLE IF EXISTS ${quoted(name)}`);
  }
  return names;
}

function launchDocker(request: LaunchRequest) {
  const password = randomBytes(18).toString('base64url');
  const memory = Math.min(request.memoryBytes ?? Number.POSITIVE_INFINITY, totalmem());
  return launchContainer(
    {
      engine: 'pgvector',
      port: PORT,
      environment: { POSTGRES_PASSWORD: password },
      command: [
        'postgres',
        ...settings(request.memoryBytes, request.threads).flatMap((setting) => ['-c', setting]),
      ],
      dataPath: '/var/lib/postgresql/data',
      // Parallel builds put the whole graph there; it is only a limit and takes nothing by itself.
      sharedMemoryBytes: memory,
      minimumMemoryBytes: 96 * MIB,
      // The official image's temporary server, which sets up the database, listens on no address.
      readyLine: /listening on IPv4 address/,
      startSeconds: 60,
      secrets: { password },
      settings: { user: 'postgres', database: 'postgres' },
      ask: async (endpoint) => {
        const session = await connectServer(endpoint, request.signal);
        await session.close();
      },
    },
    request,
  );
}

/**
 * PostgreSQL's own cache is 128 MB whatever the machine. A quarter of the memory limit is its manual's advice; without
 * a limit it is 1 GB (or a quarter of the machine), as bookkeeping for more would show in the memory of small runs.
 * Checkpoints are kept out of short measurements; durability stays as it is.
 */
function settings(limit: number | undefined, threads: number): string[] {
  const quarter = Math.floor((limit ?? Math.min(4096 * MIB, totalmem())) / 4 / MIB);
  const cache = Math.max(32, quarter);
  return [
    `shared_buffers=${cache}MB`,
    'max_wal_size=4GB',
    'checkpoint_timeout=30min',
    `max_worker_processes=${threads + 8}`,
    `max_parallel_workers=${threads + 8}`,
  ];
}

/**
 * `postgres://user:password@host:port/database?sslmode=…`; what is missing comes from PostgreSQL's own variables.
 * Throws InputError for an address that cannot be one, an unknown mode and unknown parameters.
 */
function endpointOf({ url, env }: LaunchRequest): { endpoint: Endpoint; mode: SslMode | undefined } {
  const given = serverUrl(url, {
    engine: 'pgvector',
    protocols: ['postgres', 'postgresql'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
    example: 'postgres://user:${DB_PASSWORD}@db.example:5432/database?sslmode=verify-full',
    credentials: true,
    parameters: ['sslmode'],
    variables: ['PGPASSWORD'],
  });
  const mode = sslModeOf(given, env);
  return {
    mode,
    endpoint: {
      host: decodeURIComponent(given.hostname).replace(/^\[|\]$/g, ''),
      port: given.port === '' ? PORT : Number(given.port),
      tls: mode !== 'disable',
      secrets: { password: decodeURIComponent(given.password) || (env['PGPASSWORD'] ?? '') },
      settings: {
        user: decodeURIComponent(given.username) || (env['PGUSER'] ?? 'postgres'),
        database: decodeURIComponent(given.pathname.slice(1)) || (env['PGDATABASE'] ?? 'postgres'),
        // As in libpq, only the two that say so look at the certificate.
        insecure: String(mode !== 'verify-ca' && mode !== 'verify-full'),
      },
    },
  };
}

async function reachRunning(request: LaunchRequest): Promise<void> {
  const { host, port } = endpointOf(request).endpoint;
  const ask = async (signal: AbortSignal) => {
    const { endpoint } = await launchRunning({ ...request, signal });
    const session = await connectServer(endpoint, signal);
    await session.close();
  };
  await reach(`pgvector ${host}:${port}`, ask, request.signal);
}

/**
 * Whether TLS is used is settled here, once: a server that offers it is never spoken to in clear later. `prefer` goes
 * on without it where the server has none, as in libpq; where nothing was said, only on this machine.
 */
async function launchRunning(request: LaunchRequest) {
  const { endpoint, mode } = endpointOf(request);
  const { host, port } = endpoint;
  let { tls } = endpoint;
  if (mode === undefined || mode === 'prefer') {
    tls = (await offersTls(host, port, request.signal)) ?? true;
    if (!tls && mode === undefined && !isLoopback(host)) throw noTls(host, port);
  }
  if (!tls) {
    const credential = endpoint.secrets['password'] === '' ? undefined : 'password';
    noticePlaintext(request, 'PostgreSQL', host, { credential, next: 'use sslmode=verify-full' });
  }
  return runningServer({ ...endpoint, tls });
}
