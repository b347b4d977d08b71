import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { compiledModule } from '../../../common/paths.js';
import type { Hits, PreparedSearch } from '../../../engines/contract/search.js';
import { HttpPool } from '../../../engines/kit/http-pool.js';

/** Over what the echo is asked. `none`: it is a function of this process, as an embedded engine is. */
export type EchoKind = 'http' | 'tcp' | 'none';

/** As many bytes as an engine's query and answer have. */
export interface EchoSize {
  request: number;
  answer: number;
}

const NO_HITS: Hits = { keys: [], scores: [] };

/** A search that costs nothing beyond the way there and back. `open`: one more of them. */
export async function openEcho(
  kind: EchoKind,
  size: EchoSize,
): Promise<{ open(): Promise<PreparedSearch>; close(): Promise<void> }> {
  if (kind === 'none') {
    return { open: async () => ({ query: () => NO_HITS, close: async () => {} }), close: async () => {} };
  }
  const worker = new Worker(compiledModule('harness/run/floor/server.js'), { workerData: kind });
  worker.unref();
  const [port] = (await once(worker, 'message')) as [number];
  const pool = kind === 'http' ? await HttpPool.open(`http://127.0.0.1:${port}`, headers(size)) : undefined;
  return {
    open: async () => (pool === undefined ? tcpEcho(port, size) : httpEcho(pool, size)),
    close: async () => {
      await pool?.close();
      // A thread that ends may never say so (nodejs/node#54918): nothing waits for it.
      void worker.terminate();
    },
  };
}

function headers({ answer }: EchoSize): Record<string, string> {
  return { 'content-type': 'application/json', 'x-answer-bytes': String(answer) };
}

function httpEcho(pool: HttpPool, { request }: EchoSize): PreparedSearch {
  const body = Buffer.alloc(request, 32);
  return {
    query: async (_vector, _filter, signal) => {
      await pool.post('/', body, signal);
      return NO_HITS;
    },
    close: async () => {},
  };
}

async function tcpEcho(port: number, { request, answer }: EchoSize): Promise<PreparedSearch> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const message = Buffer.alloc(8 + request);
  message.writeInt32BE(request, 0);
  message.writeInt32BE(answer, 4);
  let left = 0;
  let waiting: { resolve(hits: Hits): void; reject(error: Error): void } | undefined;
  socket.on('error', (error) => waiting?.reject(error));
  socket.on('data', (chunk) => {
    left -= chunk.length;
    if (left === 0) waiting?.resolve(NO_HITS);
  });
  return {
    query: () => {
      left = answer;
      socket.write(message);
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
      });
    },
    close: async () => {
      socket.destroy();
    },
  };
}
