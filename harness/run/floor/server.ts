import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { EchoKind } from './echo.js';

/** Entry of a thread that answers at once, on the loopback: with as many bytes as its client asks for. */
export const ANSWER_HEADER = 'x-answer-bytes';
/** Of a TCP request: bytes that follow, and bytes of the answer (int32 each, big-endian). */
export const FRAME_BYTES = 8;

function http() {
  return createHttp({ keepAlive: true }, (request, response) => {
    request.resume();
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(Buffer.alloc(Number(request.headers[ANSWER_HEADER]), 32));
    });
  });
}

function tcp() {
  return createTcp({ noDelay: true }, (socket) => {
    let left = 0;
    let answer = 0;
    let head = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      let rest = chunk;
      if (left === 0) {
        head = Buffer.concat([head, rest]);
        if (head.length < FRAME_BYTES) return;
        left = head.readInt32BE(0);
        answer = head.readInt32BE(4);
        rest = head.subarray(FRAME_BYTES);
        head = Buffer.alloc(0);
      }
      left -= rest.length;
      if (left === 0) socket.write(Buffer.alloc(answer));
    });
    socket.on('error', () => socket.destroy());
  });
}

if (parentPort !== null) {
  const server = (workerData as EchoKind) === 'http' ? http() : tcp();
  server.listen(0, '127.0.0.1', () => parentPort!.postMessage((server.address() as AddressInfo).port));
}
