import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { HttpPool } from '../../../engines/kit/http-pool.js';
import { compactVectorJson } from '../../../engines/kit/json-vector.js';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function serve(listener: RequestListener): Promise<{ server: Server; pool: HttpPool }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const pool = await HttpPool.open(`http://127.0.0.1:${port}`, { 'x-key': 'secret' });
  open.push(() => {
    void pool.close();
    server.closeAllConnections();
    server.close();
  });
  return { server, pool };
}

describe('a pool of connections', () => {
  test('sends the body with its headers and gives the answer, whatever its status; redirects are not followed', async () => {
    const asked: string[] = [];
    const { pool } = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        asked.push(`${request.method} ${request.url} ${request.headers['x-key']} ${body}`);
        response.writeHead(request.url === '/moved' ? 307 : 422, { location: 'http://elsewhere/' });
        response.write('first, ');
        response.end('second');
      });
    });
    const answer = await pool.post('/q?a=1', Buffer.from('{"é":1}'));
    expect([answer.status, answer.body.toString()]).toEqual([422, 'first, second']);
    expect(await pool.post('/moved', Buffer.from(''))).toMatchObject({
      status: 307,
      location: 'http://elsewhere/',
    });
    expect(asked).toEqual(['POST /q?a=1 secret {"é":1}', 'POST /moved secret ']);
  });

  test('keeps connections, one for each request on its way', async () => {
    const sockets = new Set<unknown>();
    const { pool } = await serve((request, response) => {
      sockets.add(request.socket);
      request.resume();
      request.on('end', () => setTimeout(() => response.end('x'), 20));
    });
    for (let i = 0; i < 3; i++) {
      const answers = await Promise.all([1, 2, 3].map(() => pool.post('/', Buffer.from('x'))));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    }
    expect(sockets.size).toBe(3);
  });

  test('gives a request up with the reason of its signal, and answers the next one', async () => {
    let silent = true;
    const { pool } = await serve((request, response) => {
      request.resume();
      if (!silent) response.end('x');
    });
    const abort = new AbortController();
    const reason = new Error('enough');
    const asked = pool.post('/', Buffer.from('x'), abort.signal);
    setTimeout(() => abort.abort(reason), 50);
    await expect(asked).rejects.toBe(reason);
    await expect(pool.post('/', Buffer.from('x'), abort.signal)).rejects.toBe(reason);
    silent = false;
    expect((await pool.post('/', Buffer.from('x'), new AbortController().signal)).status).toBe(200);
  });

  test('rejects where a connection breaks, or nobody listens; nothing is sent twice', async () => {
    let asked = 0;
    const tcp = createTcp((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => {
        asked++;
        socket.resetAndDestroy();
      });
    });
    await new Promise<void>((resolve) => {
      tcp.listen(0, '127.0.0.1', resolve);
    });
    const { port } = tcp.address() as AddressInfo;
    const pool = await HttpPool.open(`http://127.0.0.1:${port}`, {});
    await expect(pool.post('/', Buffer.from('x'))).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(asked).toBe(1);
    await new Promise((resolve) => {
      tcp.close(resolve);
    });
    await expect(pool.post('/', Buffer.from('x'))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await pool.close();
  });
});

test('compact JSON of a vector reads as the same float32', () => {
  const bits = Uint32Array.from({ length: 20_000 }, (_, i) => Math.imul(i + 1, 2_654_435_761));
  const vector = new Float32Array(bits.buffer).map((value) => (Number.isFinite(value) ? value : 1 / 3));
  vector.set([0, 1, -1, 0.1, 16_777_217, 3.402_823_5e38, 1e-45, 1.175_494_4e-38]);
  const text = compactVectorJson(vector);
  expect(Float32Array.from(JSON.parse(text) as number[])).toEqual(vector);
  expect(text.length).toBeLessThan(JSON.stringify(Array.from(vector)).length * 0.75);
  expect(compactVectorJson(Float32Array.of(Number.NaN, 1, Number.NEGATIVE_INFINITY))).toBe('[null,1,null]');
});
