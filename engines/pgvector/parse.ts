/** What is used of pg's connection while it parses a statement. */
interface ParseConnection {
  parse(statement: { name: string; text: string; types: readonly number[] }): void;
  sync(): void;
}

/**
 * A query that `pg` hands over to us: has the server parse a named statement without running it. `name` and `text` are
 * read by the client, which then knows that the statement is there.
 */
export class Parse {
  readonly name: string;
  readonly text: string;
  /** Resolves when the server has parsed the statement; rejects with its error. */
  readonly done: Promise<void>;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor(name: string, text: string) {
    this.name = name;
    this.text = text;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: ParseConnection): void {
    connection.parse({ name: this.name, text: this.text, types: [] });
    connection.sync();
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    this.#resolve();
  }
}
