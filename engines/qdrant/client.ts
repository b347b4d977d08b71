import { ConnectionLostError, FailureError, messageOf, VecproofError } from '../../common/errors.js';
import type { Endpoint } from '../contract/server.js';
import { requireClient } from '../kit/packages.js';
import { followNoRedirects } from '../kit/redirects.js';
import type { Json } from './json.js';

export const PACKAGE = '@qdrant/js-client-rest';

/** What is used of `@qdrant/js-client-rest`. Declared here and not imported: the package is optional. */
export interface QdrantClient {
  versionInfo(): Promise<{ version: string }>;
  updateCollection(name: string, body: UpdateBody): Promise<boolean>;
  getCollection(name: string): Promise<CollectionInfo>;
  getOptimizations(name: string): Promise<Optimizations>;
  deleteCollection(name: string): Promise<boolean>;
  upsert(name: string, body: UpsertBody): Promise<{ status: string }>;
  count(name: string, body: { exact: boolean; filter?: Json }): Promise<{ count: number }>;
  query(name: string, body: QueryBody): Promise<{ points: ScoredPoint[] }>;
  createSnapshot(name: string): Promise<{ name: string; size: number } | null>;
  deleteSnapshot(name: string, snapshot: string): Promise<boolean>;
}

export type Distance = 'Cosine' | 'Dot' | 'Euclid';

export type QuantizationConfig =
  | { scalar: { type: 'int8'; always_ram: boolean } }
  | { product: { compression: string; always_ram: boolean } }
  | { binary: { encoding: string; always_ram: boolean } };

export interface VectorParams {
  size: number;
  distance: Distance;
  datatype?: 'float16';
  multivector_config?: { comparator: 'max_sim' };
}

export interface CreateBody {
  vectors: VectorParams | Readonly<Record<string, VectorParams>>;
  sparse_vectors?: Readonly<Record<string, object>>;
  metadata: Json;
  hnsw_config: {
    m: number;
    ef_construct?: number;
    full_scan_threshold?: number;
    max_indexing_threads?: number;
  };
  optimizers_config: { indexing_threshold: number; default_segment_number?: number };
  quantization_config?: QuantizationConfig;
}

export interface UpdateBody {
  optimizers_config: { indexing_threshold?: number };
}

export interface UpsertBody {
  wait: boolean;
  batch: {
    ids: readonly (number | string)[];
    vectors: number[][] | Readonly<Record<string, number[][]>>;
    payloads?: readonly Json[];
  };
}

export interface ScoredPoint {
  id: number | bigint | string;
  score: number | null;
  payload?: Readonly<Record<string, unknown>> | null;
}

/** A dense vector, the rows of a multi vector, or a sparse one. */
export type NativeQuery = number[] | number[][] | { indices: number[]; values: number[] };

export interface QueryBody {
  query: NativeQuery;
  using?: string;
  limit: number;
  params: SearchParams;
  with_payload: boolean | readonly string[];
  with_vector: boolean;
  filter?: Json;
}

export interface SearchParams {
  hnsw_ef?: number;
  exact?: boolean;
  quantization?: { rescore: boolean; oversampling?: number };
}

export interface CollectionInfo {
  /** `grey`: there is work that nobody has triggered, as after a restart. */
  status: 'green' | 'yellow' | 'grey' | 'red';
  optimizer_status: 'ok' | { error: string };
  /** Absent where there is none. */
  indexed_vectors_count?: number | null;
  points_count?: number | null;
  segments_count: number;
}

/** What the optimizers are doing; since 1.17. */
export interface Optimizations {
  running: unknown[];
  summary: { queued_optimizations: number };
}

interface ClientOptions {
  host: string;
  port: number;
  https: boolean;
  prefix?: string;
  headers?: Record<string, string>;
  timeout: number;
  checkCompatibility: boolean;
}

export function openClient({ host, port, tls, secrets, settings }: Endpoint): QdrantClient {
  const { QdrantClient: Client } = requireClient(PACKAGE) as {
    QdrantClient: new (options: ClientOptions) => QdrantClient;
  };
  const { apiKey } = secrets;
  const { prefix } = settings;
  const name = host.includes(':') ? `[${host}]` : host;
  followNoRedirects(`${tls ? 'https' : 'http'}://${name}:${port}`);
  return new Client({
    host: name,
    port,
    https: tls,
    ...(prefix !== undefined && { prefix }),
    // As a header of our own: handed over as `apiKey`, the client prints a warning wherever there is no TLS.
    ...(apiKey !== undefined && { headers: { 'api-key': apiKey } }),
    // A build has a deadline of its own; a timer for each query would be part of its time.
    timeout: Number.POSITIVE_INFINITY,
    checkCompatibility: false,
  });
}

/** How messages name the server. */
export function whereOf({ host, port }: Pick<Endpoint, 'host' | 'port'>): string {
  return `qdrant at ${host}:${port}`;
}

/** What the client throws: an answer that is no success, or a connection that failed. */
interface ClientError {
  status?: number;
  data?: { status?: { error?: string } };
  cause?: { code?: string; message?: string };
}

/**
 * The server's own words instead of the client's `Bad Request`, with the remedy where there is one. Without an answer
 * the server is gone: a ConnectionLostError, unless it was never reached.
 */
export function failure(
  doing: string,
  { host, port }: Endpoint,
  error: unknown,
  reached = true,
): VecproofError {
  if (error instanceof VecproofError) return error;
  const { status, data, cause } = error as ClientError;
  const where = whereOf({ host, port });
  if (status !== undefined) {
    const said = data?.status?.error ?? (typeof data === 'string' ? data : messageOf(error));
    const denied = status === 401 || status === 403;
    const what = denied ? `${doing}: access is denied (HTTP ${status})` : `${doing}: HTTP ${status}: ${said}`;
    const next = denied ? 'set VECPROOF_QDRANT_API_KEY to a key that may create collections' : undefined;
    return new FailureError(what, { where, next, cause: error });
  }
  const reason = cause?.code ?? cause?.message ?? messageOf(error);
  const what = `${doing}: no answer (${reason})`;
  if (reached) return new ConnectionLostError(what, { where, cause: error });
  return new FailureError(what, { where, next: remedy(reason), cause: error });
}

function remedy(reason: string): string {
  if (/CERT|SELF_SIGNED|VERIFY|ERR_TLS/.test(reason)) {
    return 'check the certificate; one of an authority of your own is trusted through NODE_EXTRA_CA_CERTS';
  }
  if (/SSL|EPROTO|HPE_INVALID|UND_ERR_SOCKET/.test(reason))
    return 'check that the server runs, and whether the address begins with http:// or https://';
  return 'check that the server runs and that address and port (REST, by default 6333) are right';
}
