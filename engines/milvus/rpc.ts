import {
  type GrpcAnswer,
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

type Method = 'Insert' | 'Upsert' | 'Query';

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
  const grpc = loadGrpc();
  type Methods = Partial<Record<Method, GrpcMethod>>;
  const method = ((Object.getPrototypeOf(stub) as Methods)[name] ?? (stub as Methods)[name])!;
  const metadata = new grpc.Metadata();
  for (const [key, value] of client.metadata) metadata.set(key, value);
  const serialize = (message: object) => Buffer.concat([method.requestSerialize(message), ...rest]);
  // Without an interceptor of its own the call would get the client's, which writes every message as JSON.
  const plain = (options: unknown, next: (options: unknown) => unknown) =>
    new grpc.InterceptingCall(next(options));
  const options = { deadline: Date.now() + DEADLINE_MS, interceptors: [plain] };
  return new Promise((resolve, reject) => {
    stub.makeUnaryRequest(
      method.path,
      serialize,
      method.responseDeserialize,
      request,
      metadata,
      options,
      (error, answer) => (error === null ? resolve(answer!) : reject(error)),
    );
  });
}
