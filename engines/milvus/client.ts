import { createRequire } from 'node:module';
import { ConnectionLostError, FailureError } from '../../common/errors.js';
import { loading, requireClient } from '../kit/packages.js';

/** What is used of `@zilliz/milvus2-sdk-node`. Declared here and not imported: the package is optional. */
export interface MilvusSdk {
  MilvusClient: new (config: MilvusConfig) => MilvusClient;
}

export interface MilvusConfig {
  address: string;
  ssl: boolean;
  token?: string;
  username?: string;
  password?: string;
  database?: string;
  maxRetries: number;
  timeout: number;
  telemetry: { enabled: boolean };
  logLevel: string;
}

/** Outcome of every call; older servers fill `error_code`, newer ones `code`, some only one of them. */
export interface MilvusStatus {
  error_code?: string | number;
  code?: number;
  reason?: string;
}

/** What is used of gRPC below the client. */
export interface GrpcStub {
  makeUnaryRequest(
    path: string,
    serialize: (request: object) => Buffer,
    deserialize: (bytes: Buffer) => GrpcAnswer,
    request: object,
    metadata: GrpcMetadata,
    options: { deadline?: number; interceptors: unknown[] },
    done: (error: Error | null, answer?: GrpcAnswer) => void,
  ): { cancel(): void };
}

export type GrpcAnswer = { status: MilvusStatus };

type Answer<T> = Promise<T & { status: MilvusStatus }>;

export interface MilvusClient {
  connectPromise: Promise<unknown>;
  /** Sent with each request: credentials, database, who asks. */
  metadata: ReadonlyMap<string, string>;
  channelPool: { acquire(): Promise<GrpcStub>; release(stub: GrpcStub): Promise<void> };
  getVersion(): Answer<{ version: string }>;
  checkHealth(): Promise<{ isHealthy: boolean; reasons: string[] }>;
  createCollection(options: object): Promise<MilvusStatus>;
  dropCollection(options: { collection_name: string }): Promise<MilvusStatus>;
  flush(options: { collection_names: string[] }): Answer<{ coll_segIDs: Record<string, { data: string[] }> }>;
  getFlushState(options: { segmentIDs: string[] }): Answer<{ flushed: boolean }>;
  createIndex(options: object): Promise<MilvusStatus>;
  describeIndex(options: { collection_name: string }): Answer<{ index_descriptions: IndexDescription[] }>;
  loadCollectionAsync(options: { collection_name: string }): Promise<MilvusStatus>;
  getLoadingProgress(options: { collection_name: string }): Answer<{ progress: string }>;
  getQuerySegmentInfo(options: { collectionName: string }): Answer<{ infos: SegmentInfo[] }>;
  count(options: {
    collection_name: string;
    expr?: string;
    consistency_level?: string;
  }): Answer<{ data: number }>;
  search(options: object): Answer<{ results: { id: string; score: number }[] }>;
  hasCollection(options: { collection_name: string }): Answer<{ value: boolean }>;
  showCollections(): Answer<{ data: { name: string }[] }>;
  describeCollection(options: { collection_name: string }): Answer<{
    schema: { description: string; fields: CollectionField[]; enable_dynamic_field: boolean };
    aliases?: readonly string[];
    properties?: readonly { key: string; value: string }[];
    shards_num?: number;
    consistency_level?: string;
  }>;
  showPartitions(options: { collection_name: string }): Answer<{ partition_names: string[] }>;
  delete(options: object): Answer<unknown>;
  closeConnection(): Promise<unknown>;
}

export interface CollectionField {
  name: string;
  is_primary_key: boolean;
  is_partition_key?: boolean;
  autoID?: boolean;
  data_type: string;
  element_type: string;
  nullable: boolean;
  dim?: string;
}

/** Numbers of 64 bits come as strings. */
export interface IndexDescription {
  index_name: string;
  field_name: string;
  params: { key: string; value: string }[];
  state: string;
  indexed_rows: string;
  pending_index_rows: string;
  total_rows: string;
  index_state_fail_reason: string;
}

export interface SegmentInfo {
  num_rows: string;
  index_name: string;
  state: string;
}

export interface Grpc {
  InterceptingCall: new (call: unknown) => unknown;
  Metadata: new () => GrpcMetadata;
}

export interface GrpcMetadata {
  set(key: string, value: string): void;
  clone(): GrpcMetadata;
}

const SDK = '@zilliz/milvus2-sdk-node';

export function loadSdk(): MilvusSdk {
  return requireClient(SDK) as MilvusSdk;
}

/** The very instance of gRPC that the client uses: another one would not accept its objects. */
export function loadGrpc(): Grpc {
  const own = createRequire(import.meta.url);
  return loading(SDK, () => createRequire(own.resolve(SDK))('@grpc/grpc-js') as Grpc);
}

/** Calls that fail resolve all the same: both forms of the outcome are looked at. Throws FailureError. */
export function requireSuccess(what: string, { error_code, code, reason }: MilvusStatus): void {
  const named = error_code === undefined || error_code === 'Success' || error_code === 0;
  if (named && (code ?? 0) === 0) return;
  throw new FailureError(`${what}: ${reason || 'no reason given'} (code ${code ?? error_code})`, {
    where: 'milvus',
  });
}

/** gRPC's own code of a server that cannot be reached. */
const UNAVAILABLE = 14;

/**
 * Some calls throw plain objects instead of errors: those become FailureError. Throws ConnectionLostError where the
 * server is gone.
 */
export async function outcome<T>(what: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Error) throw isGone(error) ? lost(what, error) : error;
    const { reason, error_code, code } = error as MilvusStatus;
    throw new FailureError(`${what}: ${reason ?? JSON.stringify(error)} (code ${code ?? error_code})`, {
      where: 'milvus',
    });
  }
}

function isGone(error: Error): boolean {
  return (error as { code?: unknown }).code === UNAVAILABLE;
}

function lost(what: string, error: Error): ConnectionLostError {
  return new ConnectionLostError(`${what}: ${error.message}`, { where: 'milvus', cause: error });
}

/** Calls whose answer is the outcome itself. */
export async function command(what: string, call: Promise<MilvusStatus>): Promise<void> {
  requireSuccess(what, await outcome(what, call));
}

/** Calls whose answer holds the outcome. */
export async function ask<T extends { status: MilvusStatus }>(what: string, call: Promise<T>): Promise<T> {
  const answer = await outcome(what, call);
  requireSuccess(what, answer.status);
  return answer;
}
