import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const ANSWER = Buffer.from(
  JSON.stringify({
    ids: [Array.from({ length: 10 }, (_, i) => String(100_000 + i))],
    distances: [Array.from({ length: 10 }, (_, i) => 0.123_456_78 + i)],
  }),
);

/**
 * Answers each request at once with ten hits as JSON. Tells its port, and ends with its parent. With arguments it answers nothing
 * for so many ms of every so many.
 */
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.end(ANSWER);
  });
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
const [stall, every] = process.argv.slice(2).map(Number);
if (stall !== undefined && every !== undefined) {
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  setInterval(() => Atomics.wait(nobody, 0, 0, stall), every);
}
process.on('disconnect', () => process.exit(0));
