import { setImmediate as nextTurn } from 'node:timers/promises';
import { packageVersion, requireClient } from '../kit/packages.js';
import type { Row, Session, Value } from './client.js';

/** Packages that `launch: pglite` needs. */
export const PGLITE_PACKAGES = ['@electric-sql/pglite', '@electric-sql/pglite-pgvector'] as const;

/** What is used of `@electric-sql/pglite`. Declared here and not imported: the package is optional. */
interface PgliteModule {
  PGlite: { create(options: { dataDir: string; extensions: { vector: unknown } }): Promise<Pglite> };
  protocol: {
    serialize: {
      query(sql: string): Uint8Array;
      parse(statement: { name: string; text: string }): Uint8Array;
      bind(values: { statement: string; values: readonly Value[] }): Uint8Array;
      execute(portal: object): Uint8Array;
      sync(): Uint8Array;
    };
  };
}

interface Pglite {
  execProtocol(message: Uint8Array, options: object): Promise<{ messages: readonly Message[] }>;
  query(sql: string, values?: readonly unknown[], options?: { blob: Blob }): Promise<{ blob?: Blob }>;
  close(): Promise<void>;
}

interface Message {
  name: string;
  /** Of a data row. */
  fields?: (string | null)[];
  /** Of a notice. */
  message?: string;
}

/** PostgreSQL compiled to WebAssembly, inside this process: one session, one thread, the data in a folder. */
export async function openPglite(dataDir: string): Promise<Session> {
  const { PGlite, protocol } = requireClient(PGLITE_PACKAGES[0]) as PgliteModule;
  const { vector } = requireClient(PGLITE_PACKAGES[1]) as { vector: unknown };
  const database = await PGlite.create({ dataDir, extensions: { vector } });
  return new PgliteSession(database, protocol.serialize);
}

export function pgliteVersion(): string {
  return `PGlite ${packageVersion(PGLITE_PACKAGES[0]) ?? 'unknown'}`;
}

class PgliteSession implements Session {
  readonly #database: Pglite;
  readonly #messages: PgliteModule['protocol']['serialize'];
  readonly #listeners = new Set<(message: string) => void>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(database: Pglite, messages: PgliteModule['protocol']['serialize']) {
    this.#database = database;
    this.#messages = messages;
  }

  query(sql: string): Promise<Row[]> {
    return this.#send(this.#messages.query(sql));
  }

  /** There is no COPY from a client here: the stream is handed over as a file. */
  async copy(sql: string, chunks: Iterable<Buffer>, signal: AbortSignal): Promise<void> {
    const parts: Buffer<ArrayBuffer>[] = [];
    for (const chunk of chunks) {
      signal.throwIfAborted();
      parts.push(chunk as Buffer<ArrayBuffer>);
      await nextTurn();
    }
    signal.throwIfAborted();
    const blob = new Blob(parts);
    await this.#inTurn(() =>
      this.#database.query(sql.replace('FROM STDIN', "FROM '/dev/blob'"), [], { blob }),
    );
  }

  /** Nor to one: it is written to a file. */
  async copyOut(sql: string): Promise<Buffer> {
    const written = sql.replace(/TO STDOUT (?=\(FORMAT binary\)$)/, "TO '/dev/blob' ");
    const { blob } = await this.#inTurn(() => this.#database.query(written));
    return Buffer.from(await blob!.arrayBuffer());
  }

  async prepare(name: string, text: string): Promise<(...parameters: readonly Value[]) => Promise<Row[]>> {
    const { parse, bind, execute, sync } = this.#messages;
    await this.#send(Buffer.concat([parse({ name, text }), sync()]));
    const rest = Buffer.concat([execute({}), sync()]);
    return (...values) => this.#send(Buffer.concat([bind({ statement: name, values }), rest]));
  }

  /** In one message, so that no other statement without a name comes between. */
  ask(text: string, values: readonly Value[]): Promise<Row[]> {
    const { parse, bind, execute, sync } = this.#messages;
    const parts = [parse({ name: '', text }), bind({ statement: '', values }), execute({}), sync()];
    return this.#send(Buffer.concat(parts));
  }

  onNotice(take: (message: string) => void): () => void {
    this.#listeners.add(take);
    return () => void this.#listeners.delete(take);
  }

  /** Nothing else runs while a statement does: it cannot be stopped from within the process. */
  async cancel(): Promise<void> {}

  close(): Promise<void> {
    return this.#inTurn(() => this.#database.close());
  }

  /** Messages sent at the same time would get each other's answers. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #send(message: Uint8Array): Promise<Row[]> {
    const { messages } = await this.#inTurn(() => this.#database.execProtocol(message, {}));
    let rows: Row[] = [];
    for (const each of messages) {
      if (each.name === 'rowDescription') rows = [];
      if (each.name === 'dataRow') rows.push(each.fields!);
      if (each.name === 'notice') for (const take of this.#listeners) take(each.message ?? '');
    }
    return rows;
  }
}
