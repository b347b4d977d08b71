import { ConnectionLostError, FailureError, messageOf } from '../../common/errors.js';
import type { Endpoint } from '../contract/server.js';
import { requireClient } from '../kit/packages.js';
import { followNoRedirects } from '../kit/redirects.js';

/** What is used of `chromadb`. Declared here and not imported: the package is optional. */
interface ChromaPackage {
  ChromaClient: new (options: object) => ChromaClient;
}

export interface ChromaClient {
  heartbeat(): Promise<number>;
  version(): Promise<string>;
  getMaxBatchSize(): Promise<number>;
  createCollection(options: object): Promise<ChromaCollection>;
  getCollection(options: { name: string }): Promise<ChromaCollection>;
  deleteCollection(options: { name: string }): Promise<void>;
  listCollections(options: { limit: number; offset: number }): Promise<ChromaCollection[]>;
}

export interface ChromaRecords {
  ids: string[];
  embeddings: readonly number[][];
  metadatas?: (Readonly<Record<string, unknown>> | null)[] | undefined;
  documents?: string[] | undefined;
  uris?: string[] | undefined;
}

/** What of it was asked for, one entry for each point. */
export interface ChromaPage {
  ids: string[];
  embeddings: readonly number[][];
  metadatas: readonly (Readonly<Record<string, unknown>> | null)[];
  documents: readonly (string | null)[];
  uris: readonly (string | null)[];
}

export interface ChromaCollection {
  id: string;
  name: string;
  metadata?: Readonly<Record<string, unknown>> | undefined;
  configuration: {
    hnsw?: HnswConfiguration | null;
    spann?: Readonly<Record<string, unknown>> | null;
    embeddingFunction?: { name?: string } | null;
  };
  add(records: ChromaRecords): Promise<void>;
  upsert(records: ChromaRecords): Promise<void>;
  delete(request: { ids: string[] }): Promise<unknown>;
  get(request: object): Promise<ChromaPage>;
  modify(options: { configuration: { hnsw: HnswConfiguration } }): Promise<void>;
  count(): Promise<number>;
  query(request: object): Promise<{ ids: string[][]; distances: (number | null)[][] }>;
}

/** The server's own names. */
export interface HnswConfiguration {
  space?: string;
  ef_construction?: number;
  max_neighbors?: number;
  ef_search?: number;
  sync_threshold?: number;
}

/** A client; nothing is sent yet. */
export function openClient({ host, port, tls, secrets, settings }: Endpoint): ChromaClient {
  const { ChromaClient } = requireClient('chromadb') as ChromaPackage;
  const headers = tokenHeaders({ secrets });
  const { tenant, database } = settings;
  followNoRedirects(`${tls ? 'https' : 'http'}://${host}:${port}`);
  return new ChromaClient({
    host,
    port,
    ssl: tls,
    tenant: tenant ?? 'default_tenant',
    database: database ?? 'default_database',
    ...(headers && { headers }),
  });
}

/** Undefined: no token was given. */
export function tokenHeaders({ secrets: { token } }: Pick<Endpoint, 'secrets'>) {
  return token ? { 'x-chroma-token': token, authorization: `Bearer ${token}` } : undefined;
}

/** Rejects with ConnectionLostError where the server did not answer at all, else with FailureError. */
export async function ask<T>(what: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const text = `${what}: ${messageOf(error)}`;
    const lost = error instanceof Error && error.name === 'ChromaConnectionError';
    throw new (lost ? ConnectionLostError : FailureError)(text, { where: 'chroma', cause: error });
  }
}
