import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FailureError } from '../../common/errors.js';
import { parseJson } from '../../common/json.js';
import { prometheus } from './metrics.js';
import type { MonitorView } from './model.js';
import { type SignalEvent, signalsSchema } from './signals.js';

export interface Served {
  view(): MonitorView;
  /** The page; with a nonce it keeps itself up to date by a script. */
  page(view: MonitorView, nonce?: string): string;
  takeSignals(events: readonly SignalEvent[]): void;
  /** What an application has to show; undefined: it may not post. */
  token: string | undefined;
}

const MOST_BODY = 256 * 1024;
const MOST_STREAMS = 16;
const BODY_TIMEOUT_MS = 10_000;

/**
 * Page, figures and the application's signals, on the loopback interface alone. Requests by another name than that of this
 * machine are refused: a page of somebody else's could otherwise read all of it (DNS rebinding).
 */
export class MonitorServer {
  readonly #served: Served;
  readonly #server: Server;
  readonly #streams = new Set<ServerResponse>();
  readonly #metrics;

  constructor(served: Served) {
    this.#served = served;
    this.#metrics = prometheus(() => served.view());
    this.#server = createServer(
      { requestTimeout: BODY_TIMEOUT_MS, maxHeaderSize: 16 * 1024 },
      (request, response) => {
        this.#answer(request, response).catch((error: unknown) => {
          if (response.headersSent) response.destroy();
          else plain(response, 500, error instanceof Error ? error.message : String(error));
        });
      },
    );
    this.#server.maxConnections = 64;
  }

  /** @returns the port. @throws FailureError where it is taken */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) =>
        reject(
          new FailureError(`the port cannot be used: ${error.message}`, {
            where: `127.0.0.1:${port}`,
            next: 'choose another one with --port (0: any that is free)',
            cause: error,
          }),
        ),
      );
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Tells every open page that there is something new. */
  changed(): void {
    for (const stream of this.#streams) stream.write('event: round\ndata: 1\n\n');
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) stream.end();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Referrer-Policy', 'no-referrer');
    if (!isLocal(request.headers.host)) return plain(response, 421, 'only as 127.0.0.1 or localhost');
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/signals') return this.#signals(request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') return plain(response, 405, 'GET only');
    switch (pathname) {
      case '/':
        return this.#page(response);
      case '/monitor.json':
        return send(response, 200, 'application/json', JSON.stringify(this.#served.view()));
      case '/metrics':
        return send(response, 200, this.#metrics.contentType, await this.#metrics.metrics());
      case '/events':
        return this.#stream(response);
      case '/healthz':
        return plain(response, 200, 'ok');
      default:
        return plain(response, 404, 'there are /, /monitor.json, /metrics, /events, /healthz and /signals');
    }
  }

  #page(response: ServerResponse): void {
    const nonce = randomBytes(16).toString('base64url');
    response.setHeader(
      'Content-Security-Policy',
      `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    send(response, 200, 'text/html', this.#served.page(this.#served.view(), nonce));
  }

  #stream(response: ServerResponse): void {
    if (this.#streams.size >= MOST_STREAMS) {
      plain(response, 503, 'too many pages are open');
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('retry: 2000\n\n');
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
  }

  async #signals(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { token } = this.#served;
    if (request.method !== 'POST') return plain(response, 405, 'POST only');
    if (token === undefined)
      return plain(
        response,
        403,
        'no signals are taken: the monitor was started without VECPROOF_MONITOR_TOKEN',
      );
    if (!isSame(request.headers.authorization, `Bearer ${token}`))
      return plain(response, 401, 'Authorization: Bearer <token> is missing or another one');
    if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
      return plain(response, 415, 'application/json only');
    const body = await bodyOf(request);
    if (body === undefined) return plain(response, 413, `at most ${MOST_BODY} bytes`);
    let given: unknown;
    try {
      given = parseJson(body);
    } catch {
      return plain(response, 400, 'no JSON');
    }
    const parsed = signalsSchema.safeParse(given);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return plain(response, 400, `${issue?.path.join('.') || 'the body'}: ${issue?.message}`);
    }
    this.#served.takeSignals(parsed.data.events);
    send(response, 202, 'application/json', JSON.stringify({ taken: parsed.data.events.length }));
  }
}

function isLocal(host: string | undefined): boolean {
  return host !== undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
}

/** In a time that does not tell where they differ. */
function isSame(given: string | undefined, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return given !== undefined && timingSafeEqual(digest(given), digest(wanted));
}

/** Undefined: it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function plain(response: ServerResponse, status: number, text: string): void {
  send(response, status, 'text/plain', `${text}\n`);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': type.includes('charset') ? type : `${type}; charset=utf-8` });
  response.end(body);
}
