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
  /** Names and values in turns, which is what costs least. */
  readonly #headers: string[];
  readonly #all: Client[] = [];
  /** Of those, the ones that have nothing to do. undici's own pool learns of them later, and would open twice as many. */
  readonly #free: Client[] = [];

  private constructor(open: () => Client, headers: Readonly<Record<string, string>>) {
    this.#open = open;
    this.#headers = Object.entries(headers).flat();
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

/** By signal, the request that it gives up: who sends one request after the other with one signal is listened to once. */
const givenUp = new WeakMap<AbortSignal, { handler: Handler | undefined }>();

function listen(signal: AbortSignal, handler: Handler): { handler: Handler | undefined } | undefined {
  const known = givenUp.get(signal);
  if (known === undefined) {
    const slot: { handler: Handler | undefined } = { handler };
    givenUp.set(signal, slot);
    signal.addEventListener('abort', () => slot.handler?.giveUp(signal.reason as Error), { once: true });
    return slot;
  }
  // Another request has it: both are listened to.
  if (known.handler !== undefined) {
    signal.addEventListener('abort', () => handler.giveUp(signal.reason as Error), { once: true });
    return undefined;
  }
  known.handler = handler;
  return known;
}

/** One request. */
class Handler implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #free: () => void;
  readonly #slot: { handler: Handler | undefined } | undefined;
  /** Nearly always one. */
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #location: string | undefined;
  /** It was given up, or has ended. */
  #over = false;
  #reason: Error | undefined;

  constructor(
    resolve: (answer: HttpAnswer) => void,
    reject: (error: unknown) => void,
    free: () => void,
    signal: AbortSignal | undefined,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#free = free;
    this.#slot = signal && listen(signal, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Given up while it waited for a connection.
    if (this.#reason !== undefined) controller.abort(this.#reason);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: { location?: string | string[] | undefined },
  ): void {
    this.#status = status;
    const { location } = headers;
    this.#location = typeof location === 'object' ? location[0] : location;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#end();
    this.#resolve({
      status: this.#status,
      location: this.#location,
      body: this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks),
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end();
    this.#reject(this.#reason ?? error);
  }

  giveUp(reason: Error): void {
    if (this.#over) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.#reject(reason);
  }

  #end(): void {
    this.#over = true;
    if (this.#slot?.handler === this) this.#slot.handler = undefined;
    this.#free();
  }
}
