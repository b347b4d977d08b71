import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Echo, HostileServer } from './hostile.js';

/** In front of a real PostgreSQL: errors of searches, notices and its version hold the password. */
export async function hostilePostgres(
  target: { host: string; port: number },
  echo: Echo,
  login: string,
): Promise<HostileServer> {
  const state = { failing: 'some' as HostileServer['failing'], searches: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    upstream.on('data', (data) => client.write(data));
    let rest: Buffer = Buffer.alloc(0);
    let started = false;
    /** Messages since the last one that asks for an answer. */
    let group: Buffer[] = [];
    client.on('data', (data) => {
      rest = Buffer.concat([rest, data]);
      for (;;) {
        const head = started ? 1 : 0;
        if (rest.length < head + 4) return;
        const length = head + rest.readInt32BE(head);
        if (rest.length < length) return;
        const message = rest.subarray(0, length);
        rest = rest.subarray(length);
        if (!started) {
          started = message.readInt32BE(4) === 196_608;
          upstream.write(message);
          continue;
        }
        group.push(message);
        const kind = String.fromCharCode(message[0]!);
        if (kind === 'B' || kind === 'E' || kind === 'P' || kind === 'D' || kind === 'C') continue;
        const answer = hostileAnswer(group, kind);
        if (answer === undefined) upstream.write(Buffer.concat(group));
        else client.write(answer);
        group = [];
      }
    });
  });

  function hostileAnswer(group: readonly Buffer[], kind: string): Buffer | undefined {
    const text = Buffer.concat(group).toString('latin1');
    if (kind === 'Q' && text.includes('extversion'))
      return Buffer.concat([notice(echo()), versionAnswer(echo('one word'))]);
    // A Bind of a statement that was prepared for searches; the first ones are what the adapter asks before them.
    const isSearch =
      kind === 'S' && group.some((each) => /^B....[^\0]*\0vecproof_\d+\0/s.test(each.toString('latin1')));
    if (isSearch && (state.failing === 'all' || (++state.searches > 6 && state.searches % 3 === 0)))
      return Buffer.concat([errorResponse(echo()), READY]);
    return undefined;
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgres://${login}@127.0.0.1:${port}/postgres?sslmode=disable`,
    get failing() {
      return state.failing;
    },
    set failing(which) {
      state.failing = which;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function message(kind: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(kind), length, body]);
}

const READY = message('Z', Buffer.from('I'));

function fields(severity: string, text: string): Buffer {
  const parts = { S: severity, V: severity, C: 'XX000', M: text.replaceAll('\0', '') };
  return Buffer.from(
    `${Object.entries(parts)
      .map(([key, value]) => `${key}${value}\0`)
      .join('')}\0`,
  );
}

const errorResponse = (text: string): Buffer => message('E', fields('ERROR', text));
const notice = (text: string): Buffer => message('N', fields('NOTICE', text));

/** `extversion, server_version, visible, schema` of the question that an adapter begins with. */
function versionAnswer(echo: string): Buffer {
  const values = ['0.8.0', `17.1-${echo}`, 't', 'public'].map((value) => Buffer.from(value));
  const columns = values.map((_, i) => {
    const rest = Buffer.alloc(18);
    rest.writeInt32BE(25, 6);
    rest.writeInt16BE(-1, 10);
    rest.writeInt32BE(-1, 12);
    return Buffer.concat([Buffer.from(`c${i}\0`), rest]);
  });
  const count = Buffer.from([0, values.length]);
  const cells = values.flatMap((value) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value.length);
    return [length, value];
  });
  return Buffer.concat([
    message('T', Buffer.concat([count, ...columns])),
    message('D', Buffer.concat([count, ...cells])),
    message('C', Buffer.from('SELECT 1\0')),
    READY,
  ]);
}
