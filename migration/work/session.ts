import { setTimeout as pause } from 'node:timers/promises';
import type * as Pg from 'pg';
import { FailureError, InputError, messageOf } from '../../common/errors.js';
import { requireClient } from '../../engines/kit/packages.js';
import { isLoopback } from '../../engines/kit/server-url.js';

/** A connection to the database that holds a queue; it is made again where it broke. */
export class QueueSession {
  readonly #url: URL;
  readonly #env: NodeJS.ProcessEnv;
  readonly #signal: AbortSignal;
  #client: Pg.Client | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @throws InputError for what is no address of a PostgreSQL database, or holds a password */
  constructor(url: string, env: NodeJS.ProcessEnv, signal: AbortSignal) {
    if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol)) {
      throw new InputError('is not the address of a PostgreSQL database', {
        where: '--queue',
        got: url.replace(/\/\/[^/@]*@/, '//…@'),
        next: 'write postgres://user@host:5432/database',
      });
    }
    this.#url = new URL(url);
    if (this.#url.password !== '') {
      throw new InputError('holds a password, which would end up in files and on screens', {
        where: '--queue',
        next: 'leave it out, and set PGPASSWORD',
      });
    }
    this.#env = env;
    this.#signal = signal;
  }

  /** For people: without user. */
  get place(): string {
    return `${this.#url.protocol}//${this.#url.host}${this.#url.pathname}`;
  }

  /** One statement, or several that are one transaction; rows of the last one. They must be such as may be repeated. */
  ask<Row extends object>(
    statements: readonly (readonly [sql: string, values: readonly unknown[]])[],
  ): Promise<Row[]> {
    const mine = this.#last.then(() => this.#askAgain<Row>(statements));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#client?.end().catch(() => undefined);
    this.#client = undefined;
  }

  async #askAgain<Row extends object>(
    statements: readonly (readonly [sql: string, values: readonly unknown[]])[],
  ): Promise<Row[]> {
    const started = performance.now();
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#askOnce<Row>(statements);
      } catch (error) {
        if (!isConnection(error)) throw this.#failure(error);
        const { connection } = (this.#client ?? {}) as { connection?: { stream?: { destroy(): void } } };
        connection?.stream?.destroy();
        this.#client = undefined;
        if (performance.now() - started > OUTAGE_SECONDS * 1000) throw this.#failure(error);
        await pause(Math.min(5000, 100 * 2 ** attempt), undefined, { signal: this.#signal });
      }
    }
  }

  async #askOnce<Row extends object>(
    statements: readonly (readonly [sql: string, values: readonly unknown[]])[],
  ): Promise<Row[]> {
    this.#client ??= await this.#connect();
    const client = this.#client;
    const several = statements.length > 1;
    if (several) await client.query('BEGIN');
    try {
      let rows: Row[] = [];
      for (const [sql, values] of statements) rows = (await client.query<Row>(sql, values as unknown[])).rows;
      if (several) await client.query('COMMIT');
      return rows;
    } catch (error) {
      if (several) await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  async #connect(): Promise<Pg.Client> {
    const { Client } = requireClient('pg') as typeof Pg;
    const host = decodeURIComponent(this.#url.hostname);
    const mode = this.#url.searchParams.get('sslmode') ?? this.#env['PGSSLMODE'];
    // A password travels without encryption on this machine alone, or where that was asked for.
    const tls = mode === undefined ? !isLoopback(host) : mode !== 'disable';
    const client = new Client({
      host,
      port: this.#url.port === '' ? 5432 : Number(this.#url.port),
      user: decodeURIComponent(this.#url.username) || (this.#env['PGUSER'] ?? 'postgres'),
      database: decodeURIComponent(this.#url.pathname.slice(1)) || (this.#env['PGDATABASE'] ?? 'postgres'),
      password: this.#env['PGPASSWORD'] ?? '',
      ssl: tls ? { rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-full' } : false,
      application_name: 'vecproof',
      connectionTimeoutMillis: 15_000,
      query_timeout: 60_000,
    });
    // A connection that breaks while nothing is asked shows at the next statement; it must not end the process.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  #failure(error: unknown): FailureError {
    return new FailureError(`the queue cannot be asked: ${messageOf(error)}`, {
      where: this.place,
      next: /does not support SSL/.test(messageOf(error))
        ? 'set TLS up there, or ask for none with ?sslmode=disable'
        : 'check the database and PGPASSWORD; then start the worker again: what it held goes to others when its lease ends',
      cause: error,
    });
  }
}

/** A database that is gone so long is not coming back while a lease lasts. */
const OUTAGE_SECONDS = 60;

/** Without an SQLSTATE, or with one that says that the connection or the server ends. */
function isConnection(error: unknown): boolean {
  const { code, severity } = error as { code?: string; severity?: string };
  return (
    severity === undefined ||
    code === undefined ||
    /^(08|57P)/.test(code) ||
    (severity === 'FATAL' && !/^(28|3D)/.test(code))
  );
}
