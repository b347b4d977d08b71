import { createHash } from 'node:crypto';

/**
 * A PostgreSQL database as its clients have it: a `Pool` or `Client` of `pg`, or a PGlite. Rows are objects; what this
 * project asks for comes as text, since clients read types in different ways.
 */
export interface SqlSession {
  query(text: string, values?: readonly unknown[]): Promise<SqlRow[]>;
  /** The same for a statement that is asked again and again: where the client can, it is parsed and planned once. */
  prepared(text: string, values: readonly unknown[]): Promise<SqlRow[]>;
}

export type SqlRow = Readonly<Record<string, string | null>>;

export interface SqlDatabase extends SqlSession {
  /** All statements of `work`, or none. */
  transaction<T>(work: (session: SqlSession) => Promise<T>): Promise<T>;
}

/** What is used of a client; declared here, as both packages are optional. */
interface Queries {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}
/** What a client of pg takes beside that. */
interface NamedQueries {
  query(statement: { name: string; text: string; values: unknown[] }): Promise<{ rows: unknown[] }>;
}
interface PoolLike extends Queries {
  connect(): Promise<Queries & { release(broken?: boolean): void }>;
  readonly totalCount: number;
}
interface PgliteLike extends Queries {
  transaction<T>(work: (session: Queries) => Promise<T>): Promise<T>;
}

/** A connected `Client` or a `Pool` of the package pg, or a PGlite. */
export type SqlClient = Queries | PoolLike | PgliteLike;

export function sqlDatabase(client: SqlClient): SqlDatabase {
  if ('transaction' in client) return ofPglite(client);
  if ('totalCount' in client) return ofPool(client);
  return ofClient(client);
}

function session(client: Queries): SqlSession {
  const query = async (text: string, values: readonly unknown[] = []) =>
    (await client.query(text, [...values])).rows as SqlRow[];
  return { query, prepared: query };
}

function namedSession(client: Queries): SqlSession {
  const { query } = session(client);
  const prepared = async (text: string, values: readonly unknown[]) => {
    const statement = { name: nameOf(text), text, values: [...values] };
    return (await (client as unknown as NamedQueries).query(statement)).rows as SqlRow[];
  };
  return { query, prepared };
}

/** Names of statements that were prepared, by their text; so many are few enough for a server. */
const names = new Map<string, string>();
const MOST_NAMES = 1000;

function nameOf(text: string): string {
  const there = names.get(text);
  if (there !== undefined) return there;
  // A name that was given never gets another text: a connection may still know it.
  const name = `vecproof_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
  if (names.size < MOST_NAMES) names.set(text, name);
  return name;
}

function ofPglite(client: PgliteLike): SqlDatabase {
  return { ...session(client), transaction: (work) => client.transaction((own) => work(session(own))) };
}

function ofPool(pool: PoolLike): SqlDatabase {
  const transaction = async <T>(work: (own: SqlSession) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    let broken = true;
    try {
      const result = await inTransaction(namedSession(client), work);
      broken = false;
      return result;
    } catch (error) {
      broken = isBroken(error);
      throw error;
    } finally {
      client.release(broken);
    }
  };
  return { ...namedSession(pool), transaction };
}

/** One connection that many ask at the same time: no statement comes between those of a transaction. */
function ofClient(client: Queries): SqlDatabase {
  const own = namedSession(client);
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
  return {
    query: (text, values) => inTurn(() => own.query(text, values)),
    prepared: (text, values) => inTurn(() => own.prepared(text, values)),
    transaction: (work) => inTurn(() => inTransaction(own, work)),
  };
}

async function inTransaction<T>(own: SqlSession, work: (session: SqlSession) => Promise<T>): Promise<T> {
  await own.query('BEGIN');
  try {
    const result = await work(own);
    await own.query('COMMIT');
    return result;
  } catch (error) {
    // A connection that broke has rolled back by itself; what is told is why.
    await own.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** The SQLSTATE of an error that the database told; undefined: the connection broke, or it is none of its own. */
export function sqlState(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

function isBroken(error: unknown): boolean {
  const state = sqlState(error);
  return state === undefined || state.startsWith('08') || state.startsWith('57P');
}
