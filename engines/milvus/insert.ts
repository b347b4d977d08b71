import { FailureError } from '../../common/errors.js';
import type { FieldSchema, MetadataValue } from '../../datasets/dataset.js';
import type { LoadBatch } from '../contract/spec.js';
import { abortable } from '../kit/load.js';
import {
  type Grpc,
  type GrpcStub,
  loadGrpc,
  type MilvusClient,
  type MutationResult,
  outcome,
  requireSuccess,
} from './client.js';
import { columnData, ID, VECTOR } from './fields.js';

/** The server takes messages of up to 64 MiB. */
const MESSAGE_BYTES = 16 * 2 ** 20;
const DEADLINE_MS = 120_000;

/** Where the request for a collection goes. */
export interface InsertTarget {
  client: MilvusClient;
  collection: string;
  dimensions: number;
  /** Metadata that each batch brings. */
  fields: readonly FieldSchema[];
}

/**
 * Inserts by columns. The client's own insert turns each vector into a JavaScript array and back, which takes four
 * times as long as the server's work (50,000 x 128: 12 s against 2 to 3 s). Here the request is the client's own
 * message, followed by one more field of it that is encoded from the batch's memory.
 */
export async function insertBatch(
  target: InsertTarget,
  batch: LoadBatch,
  signal: AbortSignal,
): Promise<void> {
  const grpc = loadGrpc();
  const metadata = target.fields.map((field) => ({ field, values: batchColumn('milvus', batch, field) }));
  for (let from = 0, to = 0; from < batch.count; from = to) {
    signal.throwIfAborted();
    to = endOfMessage(target.dimensions, metadata, from, batch.count);
    await abortable(insertRows(grpc, target, batch, metadata, from, to), signal);
  }
}

type Metadata = readonly { field: FieldSchema; values: readonly MetadataValue[] }[];

/** Row before which a message that begins at `from` ends: one row at least. */
function endOfMessage(dimensions: number, metadata: Metadata, from: number, count: number): number {
  let bytes = 0;
  let to = from;
  do {
    bytes += dimensions * 4 + metadata.reduce((sum, { values }) => sum + bytesOf(values[to]!), 0);
    to++;
  } while (to < count && bytes < MESSAGE_BYTES);
  return to;
}

/** At most, roughly: a unit of UTF-16 takes up to three bytes. */
export function bytesOf(value: MetadataValue | undefined): number {
  if (typeof value === 'string') return 8 + value.length * 3;
  if (Array.isArray(value))
    return value.reduce((sum: number, each: MetadataValue) => sum + bytesOf(each), 16);
  return 16;
}

async function insertRows(
  grpc: Grpc,
  target: InsertTarget,
  batch: LoadBatch,
  metadata: Metadata,
  from: number,
  to: number,
) {
  const { client, dimensions, collection } = target;
  const vectors = batch.vectors.subarray(from * dimensions, to * dimensions);
  const column = vectorColumn(VECTOR, dimensions, vectors);
  const request = {
    collection_name: collection,
    num_rows: to - from,
    fields_data: [
      {
        type: 'Int64',
        field_name: ID,
        scalars: { data: 'long_data', long_data: { data: Array.from(batch.keys.subarray(from, to)) } },
      },
      ...metadata.flatMap(({ field, values }) => columnData(field, values.slice(from, to))),
    ],
  };
  const stub = await client.channelPool.acquire();
  try {
    const { status, insert_cnt } = await outcome(
      'insert',
      call(grpc, stub, request, column, client.metadata),
    );
    requireSuccess('insert', status);
    if (Number(insert_cnt) !== to - from) {
      throw new FailureError(`the server took ${insert_cnt} of ${to - from} points`, {
        where: 'milvus: insert',
      });
    }
  } finally {
    await client.channelPool.release(stub);
  }
}

function call(
  grpc: Grpc,
  stub: GrpcStub,
  request: object,
  column: Buffer,
  entries: MilvusClient['metadata'],
): Promise<MutationResult> {
  const method = (Object.getPrototypeOf(stub) as Partial<GrpcStub>).Insert ?? stub.Insert;
  const metadata = new grpc.Metadata();
  for (const [key, value] of entries) metadata.set(key, value);
  // Protocol buffers may be joined: a repeated field goes on in what follows.
  const serialize = (message: object) => Buffer.concat([method.requestSerialize(message), column]);
  // Without an interceptor of its own the call would get the client's, which writes every message as JSON.
  const plain = (options: unknown, next: (options: unknown) => unknown) =>
    new grpc.InterceptingCall(next(options));
  return new Promise((resolve, reject) => {
    stub.makeUnaryRequest(
      method.path,
      serialize,
      method.responseDeserialize,
      request,
      metadata,
      { deadline: Date.now() + DEADLINE_MS, interceptors: [plain] },
      (error, answer) => (error === null ? resolve(answer!) : reject(error)),
    );
  });
}

/**
 * `InsertRequest.fields_data` (5) holding a `FieldData`: type (1) FloatVector = 101, field_name (2), vectors (4)
 * with dim (1) and float_vector (2), whose data (1) are packed little-endian floats. See milvus.proto, schema.proto.
 */
function vectorColumn(name: string, dimensions: number, vectors: Float32Array): Buffer {
  const raw = Buffer.from(vectors.buffer, vectors.byteOffset, vectors.byteLength);
  const floats = field(2, field(1, raw));
  const vectorField = field(4, Buffer.concat([Buffer.from([0x08]), varint(dimensions), floats]));
  return field(5, Buffer.concat([Buffer.from([0x08, 101]), field(2, Buffer.from(name)), vectorField]));
}

/** A length-delimited field of a protocol buffer. */
function field(tag: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(tag << 3) | 2]), varint(value.length), value]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}
