import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Echo, HostileServer } from './hostile.js';

interface Rules {
  isSearch(method: string, path: string): boolean;
  /** The answer to a question for the version, or undefined for other questions. */
  version(path: string, answer: string, echo: string): string | undefined;
}

/** In front of a real HTTP server: errors of searches and its version hold what it was sent. */
export async function hostileHttp(target: string, echo: Echo, rules: Rules): Promise<HostileServer> {
  const state = { failing: 'some' as HostileServer['failing'], searches: 0 };
  const server = createServer(async (incoming, outgoing) => {
    const { method = 'GET', url = '/' } = incoming;
    const body = await bytesOf(incoming);
    if (rules.isSearch(method, url) && (state.failing === 'all' || state.searches++ % 3 === 2)) {
      const error = echo();
      outgoing.writeHead(400, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify({ status: { error }, error, message: error }));
      return;
    }
    const headers = { ...incoming.headers, host: new URL(target).host };
    const upstream = request(`${target}${url}`, { method, headers }, async (response) => {
      const answer = await bytesOf(response);
      const changed = rules.version(url, answer.toString('utf8'), echo('one word'));
      const { 'content-length': _length, 'transfer-encoding': _encoding, ...rest } = response.headers;
      outgoing.writeHead(response.statusCode ?? 500, rest);
      outgoing.end(changed ?? answer);
    });
    upstream.on('error', () => outgoing.destroy());
    upstream.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get failing() {
      return state.failing;
    },
    set failing(which) {
      state.failing = which;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
