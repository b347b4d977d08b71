/** A query that `pg` hands over to us: takes what `COPY … TO STDOUT` sends. */
export class CopyOut {
  /** Resolves with the whole stream when the server has sent everything; rejects with its error. */
  readonly done: Promise<Buffer>;
  readonly #sql: string;
  readonly #chunks: Buffer[] = [];
  #resolve!: (stream: Buffer) => void;
  #reject!: (error: unknown) => void;
  #failure: unknown;

  constructor(sql: string) {
    this.#sql = sql;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: { query(sql: string): void }): void {
    connection.query(this.#sql);
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    // The client uses the memory of a message again for the next ones.
    this.#chunks.push(Buffer.from(chunk));
  }

  handleError(error: unknown): void {
    this.#failure = error;
    this.#reject(error);
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    if (this.#failure === undefined) this.#resolve(Buffer.concat(this.#chunks));
  }
}
