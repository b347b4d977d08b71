import type { FieldSchema } from '../../datasets/dataset.js';
import type { ConnectOptions } from '../contract/engine.js';
import type { IdKind } from '../contract/ids.js';
import type { Endpoint } from '../contract/server.js';
import type { VectorField } from '../contract/vectors.js';
import type { Holder } from '../kit/check.js';
import type { HttpPool } from '../kit/http-pool.js';
import type { ChromaClient, ChromaCollection } from './client.js';

/** The server of a build. */
export interface ChromaSession {
  client: ChromaClient;
  endpoint: Endpoint;
  /** Of queries that go past the official client. */
  pool: HttpPool;
  /** Points the server takes at once. */
  batchSize: number;
  /** Undefined for a server that was not started here. */
  restartServer: ConnectOptions['restartServer'];
  holder: Holder;
}

/** What a collection was created with and the server does not keep: under this key of its own metadata. */
export const SCHEMA_KEY = 'vecproof';

export interface KeptSchema {
  ids: IdKind;
  vector: VectorField;
  fields: readonly FieldSchema[];
  text?: boolean | undefined;
  uri?: boolean | undefined;
  tenant?: boolean | undefined;
  madeBy?: string | undefined;
}

/** Undefined: a collection that others made. */
export function keptSchema({ metadata }: ChromaCollection): KeptSchema | undefined {
  const kept = metadata?.[SCHEMA_KEY];
  return typeof kept === 'string' ? (JSON.parse(kept) as KeptSchema) : undefined;
}
