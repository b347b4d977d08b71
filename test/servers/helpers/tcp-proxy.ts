import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What happens to a connection once a fault has been set off. */
export type Fault = 'reset' | 'silence';

export interface TcpProxy {
  port: number;
  /**
   * The next time a client sends what matches, on whatever connection, `fault` befalls that connection; those
   * before, after and beside it pass. Resolves when it has happened.
   */
  arm(fault: Fault, pattern: RegExp): Promise<void>;
  /** Whether new connections are broken off at once, as while a server is restarted. */
  refuse(yes: boolean): void;
  /**
   * From now on resets a connection at every n-th chunk that a client sends and that matches, apart from the first one of
   * each connection. @returns how often that has happened
   */
  resetEvery(n: number, pattern: RegExp): () => number;
  /** From now on what the server sends comes so many ms later, as from a server that has become slow. */
  slow(ms: number): void;
  /** Everything that clients have sent, as Latin-1. */
  sent(): string;
  close(): Promise<void>;
}

interface Armed {
  fault: Fault;
  pattern: RegExp;
  done: () => void;
}

/** A TCP proxy on this machine in front of a real server, which breaks connections when told to. */
export async function tcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let armed: Armed | undefined;
  let sent = '';
  let refusing = false;
  let delay = 0;
  let every: { n: number; pattern: RegExp; matched: number; resets: number } | undefined;
  const server = createServer((client) => {
    if (refusing) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('close', () => open.delete(socket));
      // The other side is closed with it; which of them broke off first is of no interest here.
      socket.on('error', () => undefined);
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    let silent = false;
    let first = true;
    client.on('data', (data: Buffer) => {
      const text = data.toString('latin1');
      sent += text;
      if (armed?.pattern.test(text)) {
        const { fault, done } = armed;
        armed = undefined;
        if (fault === 'reset') client.resetAndDestroy();
        silent = true;
        done();
      }
      if (every?.pattern.test(text)) {
        if (!first && ++every.matched % every.n === 0) {
          every.resets++;
          silent = true;
          client.resetAndDestroy();
        }
        first = false;
      }
      if (!silent) upstream.write(data);
    });
    upstream.on('data', (data: Buffer) => {
      if (silent) return;
      if (delay === 0) client.write(data);
      // In the order in which it came: timers of one length end in turn.
      else setTimeout(() => client.write(data), delay);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    arm: (fault, pattern) =>
      new Promise((resolve) => {
        armed = { fault, pattern, done: resolve };
      }),
    refuse: (yes) => {
      refusing = yes;
    },
    resetEvery: (n, pattern) => {
      const own = { n, pattern, matched: 0, resets: 0 };
      every = own;
      return () => own.resets;
    },
    slow: (ms) => {
      delay = ms;
    },
    sent: () => sent,
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
