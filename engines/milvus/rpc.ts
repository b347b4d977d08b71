import {
  type GrpcAnswer,
  type GrpcMetadata,
  type GrpcStub,
  loadGrpc,
  type MilvusClient,
  outcome,
  requireSuccess,
} from './client.js';

const DEADLINE_MS = 120_000;

interface GrpcMethod {
  path: string;
  requestSerialize(request: object): Buffer;
  responseDeserialize(bytes: Buffer): GrpcAnswer;
}

type Method = 'Insert' | 'Upsert' | 'Query' | 'Search';

/**
 * One call with the client's own messages and connection, but past what it does to them. Throws FailureError for an
 * outcome that is no success.
 *
 * @param rest bytes that follow the message: protocol buffers may be joined, and a repeated field goes on in what follows
 */
export async function call<T extends GrpcAnswer>(
  client: MilvusClient,
  name: Method,
  request: object,
  rest: readonly Buffer[] = [],
): Promise<T> {
  const doing = name.toLowerCase();
  const stub = await client.channelPool.acquire();
  try {
    const answer = await outcome(doing, unary(client, stub, name, request, rest));
    requireSuccess(doing, answer.status);
    return answer as T;
  } finally {
    await client.channelPool.release(stub);
  }
}

function unary(
  client: MilvusClient,
  stub: GrpcStub,
  name: Method,
  request: object,
  rest: readonly Buffer[],
): Promise<GrpcAnswer> {
  const method = methodOf(stub, name);
  const serialize = (message: object) => Buffer.concat([method.requestSerialize(message), ...rest]);
  const options = { deadline: Date.now() + DEADLINE_MS, interceptors: plain() };
  return new Promise((resolve, reject) => {
    stub.makeUnaryRequest(
      method.path,
      serialize,
      method.responseDeserialize,
      request,
      metadataOf(client),
      options,
      (error, answer) => (error === null ? resolve(answer!) : reject(error)),
    );
  });
}

function methodOf(stub: GrpcStub, name: Method): GrpcMethod {
  type Methods = Partial<Record<Method, GrpcMethod>>;
  return ((Object.getPrototypeOf(stub) as Methods)[name] ?? (stub as Methods)[name])!;
}

function metadataOf(client: MilvusClient): GrpcMetadata {
  const { Metadata } = loadGrpc();
  const metadata = new Metadata();
  for (const [key, value] of client.metadata) metadata.set(key, value);
  return metadata;
}

/** Without an interceptor of its own a call would get the client's, which writes every message as JSON. */
function plain(): unknown[] {
  const { InterceptingCall } = loadGrpc();
  return [(options: unknown, next: (options: unknown) => unknown) => new InterceptingCall(next(options))];
}

/** Calls of one method whose messages are encoded beforehand, over one connection, without a time-out. */
export class EncodedCalls<T extends GrpcAnswer> {
  readonly #doing: string;
  readonly #stub: GrpcStub;
  readonly #method: GrpcMethod;
  readonly #metadata: GrpcMetadata;
  readonly #options = { interceptors: plain() };

  private constructor(client: MilvusClient, stub: GrpcStub, name: Method) {
    this.#doing = name.toLowerCase();
    this.#stub = stub;
    this.#method = methodOf(stub, name);
    this.#metadata = metadataOf(client);
  }

  /** The connection goes on being the client's, which closes it. */
  static async open<T extends GrpcAnswer>(client: MilvusClient, name: Method): Promise<EncodedCalls<T>> {
    const stub = await client.channelPool.acquire();
    await client.channelPool.release(stub);
    return new EncodedCalls(client, stub, name);
  }

  encode(request: object): Buffer {
    return this.#method.requestSerialize(request);
  }

  /** Rejects as `call` does, and with the signal's reason. */
  async send(message: Buffer, signal: AbortSignal | undefined): Promise<T> {
    const answer = await outcome(this.#doing, this.#answer(message, signal)).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error;
    });
    requireSuccess(this.#doing, answer.status);
    return answer as T;
  }

  #answer(message: Buffer, signal: AbortSignal | undefined): Promise<GrpcAnswer> {
    const { path, responseDeserialize } = this.#method;
    return new Promise((resolve, reject) => {
      const call = this.#stub.makeUnaryRequest(
        path,
        (bytes) => bytes as Buffer,
        responseDeserialize,
        message,
        this.#metadata.clone(),
        this.#options,
        (error, answer) => {
          signal?.removeEventListener('abort', stop);
          if (error === null) resolve(answer!);
          else reject(error);
        },
      );
      function stop(): void {
        call.cancel();
      }
      signal?.addEventListener('abort', stop, { once: true });
    });
  }
}
