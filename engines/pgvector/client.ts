import type { Socket } from 'node:net';
import type * as Pg from 'pg';
import type { Endpoint } from '../contract/server.js';
import { abortable } from '../kit/load.js';
import { requireClient } from '../kit/packages.js';
import { CopyIn } from './copy.js';
import { CopyOut } from './copy-out.js';
import { connectFailure, statementError } from './errors.js';
import { Parse } from './parse.js';

export type Row = readonly (string | null)[];

/** A parameter: in PostgreSQL's binary format, as text, or NULL. */
export type Value = Buffer | string | null;

/** One connection to a database, in this process (PGlite) or on a server. */
export interface Session {
  /** Text rows of the last of one or several statements. */
  query(sql: string): Promise<Row[]>;
  /** `COPY … FROM STDIN (FORMAT binary)` of the chunks, which make up the whole stream. */
  copy(sql: string, chunks: Iterable<Buffer>, signal: AbortSignal): Promise<void>;
  /** `COPY … TO STDOUT (FORMAT binary)`: the whole stream. */
  copyOut(sql: string): Promise<Buffer>;
  /**
   * A statement that the server parses once, now.
   * @returns runs it with parameters in PostgreSQL's binary format (Buffer) or as text, and gives text rows
   */
  prepare(name: string, sql: string): Promise<(...parameters: readonly Value[]) => Promise<Row[]>>;
  /** One statement with parameters. */
  ask(sql: string, parameters: readonly Value[]): Promise<Row[]>;
  /** Messages that the server sends beside its answers (NOTICE, DEBUG, …). @returns ends it */
  onNotice(take: (message: string) => void): () => void;
  /** Stops what this connection is doing, from another one. */
  cancel(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a connection. Rejects with FailureError, which names the remedy where it is known. */
export async function connectServer(endpoint: Endpoint, signal: AbortSignal): Promise<Session> {
  const { Client } = requireClient('pg') as typeof Pg;
  const client = new Client({
    host: endpoint.host,
    port: endpoint.port,
    user: endpoint.settings['user'],
    database: endpoint.settings['database'],
    password: endpoint.secrets['password'] ?? '',
    ssl: endpoint.tls ? { rejectUnauthorized: endpoint.settings['insecure'] !== 'true' } : false,
    application_name: 'vecproof',
    connectionTimeoutMillis: 15_000,
  });
  // A connection that breaks while nothing is asked shows at the next query; it must not end the process.
  client.on('error', () => undefined);
  try {
    await abortable(client.connect(), signal);
  } catch (error) {
    // Not by client.end(), which waits for a server that may not answer.
    (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
    signal.throwIfAborted();
    throw connectFailure(error, endpoint);
  }
  return new ServerSession(client, endpoint);
}

class ServerSession implements Session {
  readonly #client: Pg.Client;
  readonly #endpoint: Endpoint;

  constructor(client: Pg.Client, endpoint: Endpoint) {
    this.#client = client;
    this.#endpoint = endpoint;
  }

  async query(text: string): Promise<Row[]> {
    const asked = { text, rowMode: 'array' as const, types: AS_TEXT };
    const answer = await this.#told(this.#client.query<string[]>(asked));
    const last = Array.isArray(answer) ? (answer as Pg.QueryArrayResult<string[]>[]).at(-1)! : answer;
    return last.rows;
  }

  async copy(sql: string, chunks: Iterable<Buffer>, signal: AbortSignal): Promise<void> {
    const copy = new CopyIn(sql, chunks, signal);
    this.#client.query(copy as unknown as Pg.Submittable);
    // A server that does not answer cannot hold up the signal.
    await this.#told(abortable(copy.done, signal)).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
  }

  async copyOut(sql: string): Promise<Buffer> {
    const copy = new CopyOut(sql);
    this.#client.query(copy as unknown as Pg.Submittable);
    return this.#told(copy.done);
  }

  async prepare(name: string, text: string): Promise<(...parameters: readonly Value[]) => Promise<Row[]>> {
    const client = this.#client;
    const parse = new Parse(name, text);
    client.query(parse as unknown as Pg.Submittable);
    await this.#told(parse.done);
    return async (...values) => {
      const config = { name, text, values: values as Value[], rowMode: 'array' as const, types: AS_TEXT };
      return (await this.#told(client.query<string[]>(config))).rows;
    };
  }

  async ask(text: string, values: readonly Value[]): Promise<Row[]> {
    const config = { text, values: values as Value[], rowMode: 'array' as const, types: AS_TEXT };
    return (await this.#told(this.#client.query<string[]>(config))).rows;
  }

  onNotice(take: (message: string) => void): () => void {
    const listener = ({ message }: { message: string | undefined }) => take(message ?? '');
    this.#client.on('notice', listener);
    return () => void this.#client.off('notice', listener);
  }

  async cancel(): Promise<void> {
    const { processID } = this.#client as unknown as { processID: number };
    const other = await connectServer(this.#endpoint, new AbortController().signal);
    try {
      await other.query(`SELECT pg_cancel_backend(${processID})`);
    } finally {
      await other.close();
    }
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  async #told<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw statementError(error, this.#endpoint);
    }
  }
}

/** Values as the server writes them; whoever reads them knows their types. */
const AS_TEXT = {
  getTypeParser: () => (value: string) => value,
} as unknown as Pg.CustomTypesConfig;
