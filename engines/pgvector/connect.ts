import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import type { ConnectedEngine, ConnectOptions } from '../contract/engine.js';
import type { CollectionSpec } from '../contract/spec.js';
import { checkSpec } from '../kit/check.js';
import { HOLDER } from './capabilities.js';
import { describeTable, tablesWithVectors } from './catalog.js';
import { connectServer, type Session } from './client.js';
import { PgCollection } from './collection.js';
import { inTurn } from './in-turn.js';
import { createIndex } from './indexes.js';
import { createStatements, type Layout, layoutOf } from './layout.js';
import { openPglite, pgliteVersion } from './pglite.js';
import { type SnapshotPlace, snapshotCopy, snapshotTransactions } from './snapshot-place.js';
import type { Workplace } from './workplace.js';

/** Bits, half precision and iterative scans. */
const MINIMUM = '0.8.0';

export async function connect(options: ConnectOptions, signal: AbortSignal): Promise<ConnectedEngine> {
  const { endpoint, mode, folder, threads, place: kept, readOnly = false } = options;
  if (endpoint === undefined && mode !== 'pglite') throw new Error('pgvector needs an endpoint');
  const ownData = join(folder, 'pglite');
  // PostgreSQL writes to a database by opening it: one that is only read is copied.
  if (endpoint === undefined && kept !== undefined && readOnly) await cp(kept, ownData, { recursive: true });
  const dataDir = readOnly ? ownData : (kept ?? ownData);
  const first = endpoint === undefined ? await openPglite(dataDir) : await connectServer(endpoint, signal);
  try {
    const { version, setup } = await requireVersion(first, readOnly && endpoint !== undefined);
    await first.query(setup);
    const another = async () => {
      const session = await connectServer(endpoint!, signal);
      await session.query(setup);
      return session;
    };
    const session = inTurn(first);
    const snapshots = new Set<SnapshotPlace>();
    let searches = 0;
    const place: Workplace = {
      session,
      threads,
      searchPlace: async () => {
        const statement = `vecproof_${++searches}`;
        if (endpoint === undefined) return sharedPlace(first, statement, setup);
        const own = await another();
        return { session: own, close: () => own.close(), statement, client: 'binary' };
      },
      other: async (work) => {
        if (endpoint === undefined) return work(session);
        const own = await another();
        return work(own).finally(() => own.close());
      },
      snapshotPlace: async (layout) => {
        const taken =
          endpoint === undefined
            ? await snapshotCopy(session, layout)
            : await ownTransactions(another, layout);
        const kept: SnapshotPlace = {
          ...taken,
          close: async () => {
            if (snapshots.delete(kept)) await taken.close();
          },
        };
        snapshots.add(kept);
        return kept;
      },
    };
    return {
      version: async () => (endpoint === undefined ? `${version} in ${pgliteVersion()}` : version),
      create: (spec) => createCollection(place, spec),
      open: async (name, as) => {
        const { layout } = await describeTable(session, name, as);
        return new PgCollection(place, layout, false);
      },
      list: () => tablesWithVectors(session),
      attach: async ({ collection }) => new PgCollection(place, collection as Layout, false),
      ...(endpoint !== undefined && { clock: () => serverClock(session) }),
      close: async () => {
        await Promise.allSettled([...snapshots].map((each) => each.close()));
        await session.close();
        await rm(ownData, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await first.close();
    throw error;
  }
}

async function serverClock(session: Session): Promise<number> {
  const asked = 'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now';
  const [row] = await session.query(asked);
  return Number(row![0]);
}

async function createCollection(place: Workplace, spec: CollectionSpec): Promise<PgCollection> {
  checkSpec(HOLDER, spec);
  const layout = layoutOf(spec);
  // Refused now, not after everything was loaded.
  createIndex(layout.table, layout.vectors[0]!, spec.index);
  try {
    await place.session.query(createStatements(layout).join('; '));
  } catch (error) {
    if (!TAKEN.has((error as { code?: string }).code ?? '')) throw error;
    throw new FailureError(`there is a table "${spec.name}" already`, {
      where: 'pgvector',
      next: 'choose another name, or drop that table',
      cause: error,
    });
  }
  return new PgCollection(place, layout, true, spec.capacity);
}

/** A table of that name; a type of that name, or another table made at the same moment. */
const TAKEN: ReadonlySet<string> = new Set(['42P07', '42710', '23505']);

async function ownTransactions(another: () => Promise<Session>, layout: Layout) {
  const own = await another();
  try {
    return await snapshotTransactions(own, layout, another);
  } catch (error) {
    await own.close();
    throw error;
  }
}

/** PGlite has one session: what an earlier search has set is taken back first. */
async function sharedPlace(session: Session, statement: string, setup: string) {
  await session.query(`RESET ALL; ${setup}`);
  const close = async (statements: readonly string[]) => {
    for (const each of statements) await session.query(`DEALLOCATE "${each}"`);
  };
  return { session, statement, close };
}

/**
 * Makes the extension if need be. Throws FailureError if it is missing, forbidden or too old.
 * @returns `setup`: what every connection is told first, so that it finds the extension and loses no digits
 */
async function requireVersion(
  session: Session,
  readOnly: boolean,
): Promise<{ version: string; setup: string }> {
  try {
    if (readOnly) await session.query('SET default_transaction_read_only = on');
    else
      await session.query(
        'SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS vector; RESET client_min_messages',
      );
  } catch (error) {
    // Somebody else made it between the server's look and its doing.
    if ((error as { code?: string }).code !== '23505') throw extensionFailure(error);
  }
  const [row] = await session.query(
    "SELECT extversion, current_setting('server_version'), EXISTS (SELECT FROM pg_type t WHERE t.typname = 'vector' AND t.typnamespace = e.extnamespace AND pg_type_is_visible(t.oid)), quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'vector'",
  );
  if (row === undefined) throw extensionFailure('the database does not have it');
  const [version, postgres, visible, schema] = row as [string, string, string, string];
  if (isOlder(version, MINIMUM)) {
    throw new FailureError(`pgvector ${version} is too old`, {
      where: 'pgvector',
      next: `install pgvector ${MINIMUM} or newer, then run ALTER EXTENSION vector UPDATE`,
    });
  }
  const path = `SELECT set_config('search_path', current_setting('search_path') || ', ' || '${schema.replaceAll("'", "''")}', false)`;
  const setup = [
    // Values come as text that is the same whatever the server's language and zone.
    "SET extra_float_digits = 1; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'iso_8601'; SET timezone = 'UTC'",
    ...(visible === 't' ? [] : [path]),
    ...(readOnly ? ['SET default_transaction_read_only = on'] : []),
  ].join('; ');
  return { version: `${version} on PostgreSQL ${postgres.split(' ')[0]}`, setup };
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
