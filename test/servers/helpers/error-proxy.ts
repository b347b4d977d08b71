import { once } from 'node:events';
import { createServer, request } from 'node:http';
import {
  connect as connectHttp2,
  createServer as createHttp2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

/** Which requests get an error instead of the server's answer, once a fault has been set off. */
export interface Order {
  /** Matched against `METHOD /path`. */
  requests: RegExp;
  /** Matching requests that pass before. */
  skip?: number;
  /** Matching requests that fail; then all is as before. */
  times: number;
}

export interface ErrorProxy {
  port: number;
  /** Resolves when the last of the ordered errors has been answered. */
  arm(order: Order): Promise<void>;
  close(): Promise<void>;
}

class Orders {
  #order: Order | undefined;
  #seen = 0;
  #done = () => {};

  readonly arm = (order: Order): Promise<void> => {
    this.#order = order;
    this.#seen = 0;
    return new Promise((resolve) => {
      this.#done = resolve;
    });
  };

  fails(request: string): boolean {
    const order = this.#order;
    if (order === undefined || !order.requests.test(request)) return false;
    const { skip = 0, times } = order;
    if (++this.#seen <= skip) return false;
    if (this.#seen === skip + times) {
      this.#order = undefined;
      this.#done();
    }
    return true;
  }
}

interface Target {
  host: string;
  port: number;
}

/** In front of a real server that speaks HTTP: failures are answered with 500. */
export async function httpErrors(target: Target): Promise<ErrorProxy> {
  const orders = new Orders();
  const server = createServer((asked, answer) => {
    if (orders.fails(`${asked.method} ${asked.url}`)) {
      asked.resume();
      answer.writeHead(500, { 'content-type': 'application/json' });
      answer.end('{"error":"InternalError","message":"injected by the test"}');
      return;
    }
    const { method, url, headers } = asked;
    const { host, port } = target;
    const forwarded = request({ host, port, method, path: url, headers }, (reply) => {
      answer.writeHead(reply.statusCode!, reply.headers);
      reply.pipe(answer);
    });
    forwarded.on('error', () => answer.destroy());
    asked.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, arm: orders.arm, close };
}

/** In front of a real server that speaks gRPC: failures are answered with status 13 (INTERNAL). */
export async function grpcErrors({ host, port }: Target): Promise<ErrorProxy> {
  const orders = new Orders();
  const upstream = connectHttp2(`http://${host}:${port}`);
  upstream.on('error', () => undefined);
  const server = createHttp2Server();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => undefined);
    if (orders.fails(`${headers[':method']} ${headers[':path']}`)) {
      stream.resume();
      const failure = { 'grpc-status': '13', 'grpc-message': 'injected by the test' };
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...failure }, { endStream: true });
      return;
    }
    const forwarded = upstream.request({ ...headers, ':authority': `${host}:${port}` });
    forwarded.on('error', () => stream.close());
    let trailers = {};
    forwarded.on('response', (reply, flags) => {
      const endStream = (flags & 1) !== 0;
      if (stream.destroyed) return;
      stream.respond(reply, endStream ? { endStream } : { waitForTrailers: true });
      if (endStream) return;
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      forwarded.pipe(stream);
    });
    forwarded.on('trailers', (received) => {
      trailers = received;
    });
    stream.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    for (const session of sessions) session.destroy();
    upstream.destroy();
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, arm: orders.arm, close };
}
