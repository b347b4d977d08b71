import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const ANSWER = Buffer.from(
  JSON.stringify({
    ids: [Array.from({ length: 10 }, (_, i) => String(100_000 + i))],
    distances: [Array.from({ length: 10 }, (_, i) => 0.123_456_78 + i)],
  }),
);

/** Answers each request at once with ten hits as JSON. Tells its port, and ends with its parent. */
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.end(ANSWER);
  });
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit(0));
