/** What is used of pg's connection while it copies. */
export interface CopyConnection {
  query(sql: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
  stream: {
    writableNeedDrain: boolean;
    once(event: 'drain' | 'close', then: () => void): void;
    off(event: 'drain' | 'close', then: () => void): void;
  };
}

/** A query that `pg` hands over to us: sends the chunks when the server asks for them, as fast as it takes them. */
export class CopyIn {
  /** Resolves when the server has taken everything; rejects with its error, or with the signal's reason. */
  readonly done: Promise<void>;
  readonly #sql: string;
  readonly #chunks: Iterable<Buffer>;
  readonly #signal: AbortSignal;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #failure: unknown;

  constructor(sql: string, chunks: Iterable<Buffer>, signal: AbortSignal) {
    this.#sql = sql;
    this.#chunks = chunks;
    this.#signal = signal;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: CopyConnection): void {
    connection.query(this.#sql);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    void this.#send(connection);
  }

  handleError(error: unknown): void {
    this.#reject(this.#failure ?? error);
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#resolve();
  }

  async #send(connection: CopyConnection): Promise<void> {
    try {
      for (const chunk of this.#chunks) {
        this.#signal.throwIfAborted();
        connection.sendCopyFromChunk(chunk);
        await drained(connection);
      }
      this.#signal.throwIfAborted();
      connection.endCopyFrom();
    } catch (error) {
      // The server answers with an error of its own; the one told is ours.
      this.#failure = error;
      connection.sendCopyFail('stopped by the client');
    }
  }
}

/** Lets the event loop turn, and waits while the socket is full; a socket that closed is reported as an error elsewhere. */
function drained({ stream }: CopyConnection): Promise<void> {
  return new Promise((resolve) => {
    if (!stream.writableNeedDrain) return void setImmediate(resolve);
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.once('drain', done);
    stream.once('close', done);
  });
}
