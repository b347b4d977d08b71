import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import type { ConnectedEngine, ConnectOptions, EngineDefinition } from '../contract/engine.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { nameEnd } from '../kit/own-names.js';
import { connectServer, type Session } from './client.js';
import { createCollection } from './collection.js';
import { FILTERS } from './filter.js';
import { checkData, INDEX_TYPES, rules } from './options.js';
import { openPglite, PGLITE_PACKAGES, pgliteVersion } from './pglite.js';
import { LIMITS, METADATA } from './records.js';
import { recordStore } from './store.js';

const PACKAGES = ['pg'];
/** Bits, half precision and iterative scans. */
const MINIMUM = '0.8.0';

export const engine: EngineDefinition = {
  name: 'pgvector',
  title: 'pgvector (PostgreSQL)',
  packages: PACKAGES,
  capabilities: {
    metrics: ['cosine', 'dot', 'l2'],
    indexTypes: INDEX_TYPES,
    filters: FILTERS,
    metadata: METADATA,
    operations: ['count', 'get', 'scan', 'upsert', 'delete', 'update', 'describe', 'attach', 'list'],
    idKinds: LIMITS.idKinds,
    integerIds: LIMITS.integerIds,
    maxDimensions: 16_000,
    visibility: 'immediate',
    scores: { cosine: '1-cos', dot: '-dot', l2: 'root' },
    deterministicBuild: 'never',
    execution: 'concurrent',
    preparedSearches: 'several',
    modes: { pglite: { execution: 'blocking', preparedSearches: 'one' } },
    exhaustive: {
      flat: { kind: 'scan', search: {} },
      hnsw: { kind: 'graph', search: { ef: 'points' } },
      ivf: { kind: 'scan', search: { nprobe: 'lists' } },
    },
    remarks: [
      'A server: every query crosses the network, and its memory is not that of the process that asks.',
      'Points are loaded by binary COPY before the index is built; an insert into a finished HNSW index costs many times as much.',
      'The index is built with as many processes as threads are asked for; the number that the server really used is recorded.',
      'maintenance_work_mem follows the data, so that the graph is built in memory; if it was not, the build says after how many points it left it (graphLeftMemoryAfter).',
      'Each search is a statement parsed once on a connection of its own, with one process, without JIT, and is checked by EXPLAIN to use the index.',
      'An ef below k returns at most ef points, unless iterativeScan is strict or relaxed; nprobe above nlist works as nlist.',
      'f16 and binary are indexes over expressions: the table keeps the full vectors. f16 ranks by the rounded vectors, and its scores are theirs.',
      'binary keeps the sign of each component and finds by Hamming distance; candidates (at most ef, unless the scan is iterative) are ranked again by the full vectors. With rescore: false, scores count differing bits.',
      'Points that are all zero are not in an index for cosine. A vector that holds NaN or infinity is refused.',
      'In a container, shared_buffers is a quarter of the memory limit, 1 GB without one; it is recorded with the build.',
      'Filters are SQL with parameters; text compares by code points (COLLATE "C"). A filter’s statement is parsed before the search and planned for each query with its values, as drivers do that do not prepare; from then on the unfiltered queries of that search are planned each time, too.',
      'With payloadIndex: true the planner may find the few points that pass by the index of a field and compare them all, which is exact; how many filters it answers from which index is told (filterPlans), not refused. enable_seqscan stays off, so that without such indexes the vector index is measured.',
      'A filter on a graph or lists is applied to what the scan finds: with iterativeScan: off, restrictive filters return fewer than k.',
      'Cannot hold U+0000 in text, time stamps before 4713 BC, and names of more than 63 bytes; it refuses them by name.',
      'Records are rows of a table with columns id and vector and one for each field (a field of that name gets an underscore more; nested ones are columns with dotted names); the metric of a table without an index is kept in its comment.',
      'launch: pglite runs PostgreSQL as WebAssembly inside the process, with one thread and one session: it needs no Docker, and its speed says nothing about a server’s.',
      'Graphs and clusters start from random numbers that cannot be fixed: two builds differ.',
    ],
  },
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData,
  server: {
    modes: ['docker', 'url', 'pglite'],
    packages: { pglite: PGLITE_PACKAGES },
    load: async () => (await import('./launch.js')).server,
  },
  connect,
};

async function connect(options: ConnectOptions, signal: AbortSignal): Promise<ConnectedEngine> {
  const { endpoint, mode, folder } = options;
  if (endpoint === undefined && mode !== 'pglite') throw new Error('pgvector needs an endpoint');
  const session = endpoint === undefined ? await openPglite(folder) : await connectServer(endpoint, signal);
  try {
    const version = await requireVersion(session);
    let searches = 0;
    const searchPlace = async () => {
      const statement = `vecproof_${++searches}`;
      if (endpoint === undefined) return sharedPlace(session, statement);
      const own = await connectServer(endpoint, signal);
      return { session: own, close: () => own.close(), statement };
    };
    return {
      version: async () => (endpoint === undefined ? `${version} in ${pgliteVersion()}` : version),
      create: (spec) => {
        // A prefix of our own and a random part: nothing that is there already can be meant.
        // Letters and digits alone, and few: PostgreSQL cuts names at 63 bytes.
        const name = spec.name.replaceAll(/\W/g, '_').slice(0, 30);
        const table = `vecproof_${name}_${nameEnd(options)}`;
        return createCollection({ session, threads: options.threads, searchPlace }, spec, table);
      },
      records: recordStore(session),
      close: async () => {
        await session.close();
        await rm(join(folder, 'pglite'), { recursive: true, force: true });
      },
    };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** PGlite has one session: what an earlier search has set is taken back first. */
async function sharedPlace(session: Session, statement: string) {
  await session.query('RESET ALL');
  const close = async (statements: readonly string[]) => {
    for (const each of statements) await session.query(`DEALLOCATE "${each}"`);
  };
  return { session, statement, close };
}

/** Makes the extension if need be. Throws FailureError if it is missing, forbidden or too old. */
async function requireVersion(session: Session): Promise<string> {
  try {
    await session.query(
      'SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS vector; RESET client_min_messages',
    );
  } catch (error) {
    // Somebody else made it between the server's look and its doing.
    if ((error as { code?: string }).code !== '23505') throw extensionFailure(error);
  }
  const [row] = await session.query(
    "SELECT extversion, current_setting('server_version') FROM pg_extension WHERE extname = 'vector'",
  );
  const [version, postgres] = row as [string, string];
  if (isOlder(version, MINIMUM)) {
    throw new FailureError(`pgvector ${version} is too old`, {
      where: 'pgvector',
      next: `install pgvector ${MINIMUM} or newer, then run ALTER EXTENSION vector UPDATE`,
    });
  }
  return `${version} on PostgreSQL ${postgres.split(' ')[0]}`;
}

function extensionFailure(error: unknown): FailureError {
  return new FailureError('the extension vector cannot be made', {
    where: 'pgvector',
    got: error,
    next: 'install pgvector on the server, or let its administrator run CREATE EXTENSION vector',
    cause: error,
  });
}

function isOlder(version: string, minimum: string): boolean {
  const parts = (text: string) => text.split('.').map(Number);
  const [a, b] = [parts(version), parts(minimum)];
  const at = b.findIndex((part, i) => (a[i] ?? 0) !== part);
  return at >= 0 && (a[at] ?? 0) < b[at]!;
}
