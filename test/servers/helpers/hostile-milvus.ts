import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageRoot } from '../../../common/paths.js';
import type { Endpoint } from '../../../engines/contract/server.js';
import { connectServer } from '../../../engines/milvus/connect.js';
import type { Echo, HostileServer } from './hostile.js';

interface Call {
  request: Buffer;
}
type Done = (error: object | null, answer?: Buffer) => void;
interface Grpc {
  Server: new (
    options: object,
  ) => {
    register(
      path: string,
      handler: (call: Call, done: Done) => void,
      serialize: (bytes: Buffer) => Buffer,
      deserialize: (bytes: Buffer) => Buffer,
      type: 'unary',
    ): void;
    bindAsync(address: string, credentials: unknown, done: (error: Error | null, port: number) => void): void;
    forceShutdown(): void;
  };
  ServerCredentials: { createInsecure(): unknown };
  Client: new (
    address: string,
    credentials: unknown,
    options: object,
  ) => {
    makeUnaryRequest(
      path: string,
      serialize: (bytes: Buffer) => Buffer,
      deserialize: (bytes: Buffer) => Buffer,
      request: Buffer,
      done: Done,
    ): void;
    close(): void;
  };
  credentials: { createInsecure(): unknown };
}

const SIZES = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };

/** In front of a real Milvus: errors of searches and its version hold the token. */
export async function hostileMilvus(target: Endpoint, echo: Echo): Promise<HostileServer> {
  const sdk = createRequire(join(packageRoot, 'package.json')).resolve('@zilliz/milvus2-sdk-node');
  const grpc = createRequire(sdk)('@grpc/grpc-js') as Grpc;
  const state = { failing: 'some' as HostileServer['failing'], searches: 0 };
  const upstream = new grpc.Client(`${target.host}:${target.port}`, grpc.credentials.createInsecure(), SIZES);
  const server = new grpc.Server(SIZES);
  const same = (bytes: Buffer) => bytes;
  for (const path of await methodsOf(target)) {
    server.register(
      path,
      ({ request }, done) => {
        if (path.endsWith('/Search') && (state.failing === 'all' || state.searches++ % 3 === 2)) {
          done({ code: 3, details: echo() });
          return;
        }
        upstream.makeUnaryRequest(path, same, same, request, (error, answer) => {
          if (error === null && path.endsWith('/GetVersion'))
            done(null, withVersion(answer!, echo('one word')));
          else done(error, answer);
        });
      },
      same,
      same,
      'unary',
    );
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    url: `http://127.0.0.1:${port}`,
    get failing() {
      return state.failing;
    },
    set failing(which) {
      state.failing = which;
    },
    close: async () => {
      server.forceShutdown();
      upstream.close();
    },
  };
}

/** Paths of all calls, as the official client knows them. */
async function methodsOf(endpoint: Endpoint): Promise<string[]> {
  const client = await connectServer(endpoint, new AbortController().signal);
  try {
    const stub = await client.channelPool.acquire();
    const methods = Object.values(Object.getPrototypeOf(stub) as Record<string, { path?: string }>);
    await client.channelPool.release(stub);
    return [...new Set(methods.flatMap(({ path }) => path ?? []))];
  } finally {
    await client.closeConnection();
  }
}

/** Field 2 once more: of a field that comes twice, the last one counts. */
function withVersion(answer: Buffer, echo: string): Buffer {
  const text = Buffer.from(`2.6.4-${echo}`);
  const length: number[] = [];
  for (let left = text.length; ; left >>= 7) {
    length.push(left > 127 ? (left & 127) | 128 : left);
    if (left <= 127) break;
  }
  return Buffer.concat([answer, Buffer.from([0x12, ...length]), text]);
}
