import { VecproofError } from '../../common/errors.js';
import type { Endpoint } from '../contract/server.js';
import type { Holder } from '../kit/check.js';
import type { HttpPool } from '../kit/http-pool.js';
import { failure, type QdrantClient } from './client.js';

/** One connection, as the collections on it use it. */
export class QdrantSession {
  readonly client: QdrantClient;
  readonly endpoint: Endpoint;
  readonly threads: number;
  readonly holder: Holder;
  /** Of queries that go past the official client. */
  readonly pool: HttpPool;

  constructor(client: QdrantClient, endpoint: Endpoint, pool: HttpPool, threads: number, holder: Holder) {
    this.client = client;
    this.endpoint = endpoint;
    this.pool = pool;
    this.threads = threads;
    this.holder = holder;
  }

  /** Errors of the client become ours; those that are ours, and an aborted signal's reason, stay as they are. */
  ask = async <T>(doing: string, request: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    try {
      return await request();
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof VecproofError) throw error;
      throw failure(doing, this.endpoint, error);
    }
  };
}
