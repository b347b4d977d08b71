import type { Client, Dispatcher } from 'undici';

export interface HttpAnswer {
  status: number;
  /** Where a redirect, which is not followed, points to. */
  location: string | undefined;
  body: Buffer;
}

/**
 * Connections to one server that are kept open, one request at a time on each: as many as there are requests on their way.
 * `fetch`, which official clients use, takes seven times the processor time. Nothing has a time-out, and nothing is sent twice.
 */
export class HttpPool {
  readonly #open: () => Client;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #all: Client[] = [];
  /** Of those, the ones that have nothing to do. undici's own pool learns of them later, and would open twice as many. */
  readonly #free: Client[] = [];

  private constructor(open: () => Client, headers: Readonly<Record<string, string>>) {
    this.#open = open;
    this.#headers = headers;
  }

  /**
   * Nothing is sent yet.
   *
   * @param origin `http://host:port`
   * @param headers of every request, credentials among them
   */
  static async open(origin: string, headers: Readonly<Record<string, string>>): Promise<HttpPool> {
    const { Client } = await import('undici');
    const options = { pipelining: 1, headersTimeout: 0, bodyTimeout: 0 };
    return new HttpPool(() => new Client(origin, options), headers);
  }

  /**
   * Rejects with the signal's reason, and breaks the connection then; with what the network says (`code`) where there is no
   * answer.
   */
  post(path: string, body: Buffer, signal?: AbortSignal): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const client = this.#free.pop() ?? this.#another();
      const handler = new Handler(resolve, reject, () => this.#free.push(client), signal);
      client.dispatch({ path, method: 'POST', headers: this.#headers, body }, handler);
    });
  }

  #another(): Client {
    const client = this.#open();
    this.#all.push(client);
    return client;
  }

  /** Breaks what is on its way. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((client) => client.destroy()));
  }
}

/** One request. */
class Handler implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #free: () => void;
  readonly #signal: AbortSignal | undefined;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #location: string | undefined;

  constructor(
    resolve: (answer: HttpAnswer) => void,
    reject: (error: unknown) => void,
    free: () => void,
    signal: AbortSignal | undefined,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#free = free;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Given up while it waited for a connection.
    if (this.#signal?.aborted === true) controller.abort(this.#signal.reason as Error);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: { location?: string | string[] | undefined },
  ): void {
    this.#status = status;
    this.#location = [headers.location].flat()[0];
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#free();
    this.#signal?.removeEventListener('abort', this.#abort);
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 ? first! : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, location: this.#location, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#free();
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#reject(this.#signal?.aborted === true ? this.#signal.reason : error);
  }

  readonly #abort = (): void => {
    this.#controller?.abort(this.#signal!.reason as Error);
    this.#reject(this.#signal!.reason);
  };
}
