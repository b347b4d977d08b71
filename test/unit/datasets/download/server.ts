import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Handler = (request: IncomingMessage, response: ServerResponse, attempt: number) => void;

export interface HostileServer {
  url: string;
  /** Headers of every request so far, by path. */
  requests: { path: string; headers: IncomingMessage['headers'] }[];
  close(): Promise<void>;
}

/** A server on this machine that does to each path what a handler says; `attempt` counts from 1. */
export async function serve(handlers: Readonly<Record<string, Handler>>): Promise<HostileServer> {
  const requests: HostileServer['requests'] = [];
  const server = createServer((request, response) => {
    const path = request.url!.split('?')[0]!;
    requests.push({ path, headers: request.headers });
    const handler = handlers[path];
    if (handler === undefined) response.writeHead(404).end('no such file');
    else handler(request, response, requests.filter((each) => each.path === path).length);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}

/** Serves a file as a good server does: with ranges, `If-Range` and an ETag. */
export function good(content: Buffer, etag = '"v1"'): Handler {
  return (request, response) => {
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const condition = request.headers['if-range'];
    if (range === null || (condition !== undefined && condition !== etag)) {
      response.writeHead(200, { 'content-length': content.length, etag }).end(content);
      return;
    }
    const [, start, end] = range;
    const from = Number(start);
    if (from >= content.length) {
      response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
      return;
    }
    const to = end === '' ? content.length : Math.min(Number(end) + 1, content.length);
    const part = content.subarray(from, to);
    response
      .writeHead(206, {
        'content-range': `bytes ${from}-${to - 1}/${content.length}`,
        'content-length': part.length,
        etag,
      })
      .end(part);
  };
}

/** Announces the whole file, sends a part of it and breaks the connection. */
export function truncated(content: Buffer, bytes: number, etag: string | null = '"v1"'): Handler {
  return (_, response) => {
    response.writeHead(200, { 'content-length': content.length, ...(etag !== null && { etag }) });
    response.write(content.subarray(0, bytes), () => setTimeout(() => response.destroy(), 20));
  };
}

/** The first handler for the first attempt, and so on; the last for all that follow. */
export function inTurn(...handlers: readonly Handler[]): Handler {
  return (request, response, attempt) =>
    handlers[Math.min(attempt, handlers.length) - 1]!(request, response, attempt);
}
