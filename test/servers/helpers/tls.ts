import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { packageRoot } from '../../../common/paths.js';

/** A certificate for localhost and 127.0.0.1 that nobody trusts by itself. */
export const CERTIFICATE = join(packageRoot, 'test/golden/qdrant/self-signed.pem');
export const KEY = join(packageRoot, 'test/golden/qdrant/self-signed.key');

export interface TlsProxy {
  port: number;
  /** All that came in decrypted, as Latin-1: empty if nobody has got past the handshake. */
  received(): string;
  close(): Promise<void>;
}

/**
 * Speaks TLS in front of a real server that does not.
 *
 * @param refuse given what came in on a connection first: text to answer with instead of passing it on
 */
export async function tlsProxy(
  target: { host: string; port: number },
  refuse: (text: string) => string | undefined = () => undefined,
): Promise<TlsProxy> {
  const sockets = new Set<Socket>();
  let received = '';
  const options = {
    cert: readFileSync(CERTIFICATE),
    key: readFileSync(KEY),
    ALPNProtocols: ['h2', 'http/1.1'],
  };
  const server = createServer(options, (client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      // The other side is closed with it.
      socket.on('error', () => undefined);
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    upstream.on('data', (data) => client.write(data));
    client.on('data', (data: Buffer) => {
      const text = data.toString('latin1');
      received += text;
      const answer = refuse(text);
      if (answer === undefined) upstream.write(data);
      else client.end(answer);
    });
  });
  // Clients that do not trust the certificate break off.
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    received: () => received,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
