import { FailureError } from '../../common/errors.js';
import type { FieldSchema, FieldType, Metric } from '../../datasets/dataset.js';
import type { IdKind } from '../contract/ids.js';
import type { Endpoint } from '../contract/server.js';
import type { RecordLimits } from '../kit/check.js';
import { METADATA } from './fields.js';
import { send } from './http.js';
import type { Json } from './json.js';
import { pathOf } from './requests.js';

export const LIMITS: RecordLimits = {
  engine: 'qdrant',
  metadata: METADATA,
  idKinds: ['u32', 'u64', 'string', 'uuid'],
  integerIds: 'unsigned',
};

/** Key in the collection's own metadata under which the schema is kept. */
export const SCHEMA_KEY = 'vecproof';

/** What the server tells of a collection, as far as it is used here. */
export interface CollectionState {
  points_count?: number | null;
  config: {
    params: { vectors?: { size?: number; distance?: string } };
    hnsw_config: Readonly<Record<string, Json>>;
    quantization_config?: Readonly<Record<string, Json>> | null;
    metadata?: Readonly<Record<string, unknown>> | null;
  };
  payload_schema: Readonly<Record<string, { data_type: string }>>;
}

/** What is known of a collection: from its own metadata where it was created here, else from the server. */
export interface KnownSchema {
  /** Null: not known, or of several kinds. */
  ids: IdKind | null;
  fields: readonly FieldSchema[];
  dimensions: number;
  metric: Metric | null;
  /** Created here: records are held to the schema. */
  own: boolean;
}

export function stateOf(endpoint: Endpoint, name: string): Promise<CollectionState> {
  return send(endpoint, `cannot describe the collection ${name}`, 'GET', pathOf(name));
}

export async function knownSchema(endpoint: Endpoint, name: string): Promise<KnownSchema> {
  const { config, payload_schema } = await stateOf(endpoint, name);
  const { size, distance } = config.params.vectors ?? {};
  if (size === undefined) {
    throw new FailureError(
      `the collection ${name} has named vectors, or none: only one without a name can be read`,
      {
        where: 'qdrant',
      },
    );
  }
  const metric = METRICS[distance ?? ''] ?? null;
  const kept = config.metadata?.[SCHEMA_KEY] as { ids: IdKind; fields: FieldSchema[] } | undefined;
  if (kept !== undefined) return { ...kept, dimensions: size, metric, own: true };
  const fields = Object.entries(payload_schema).flatMap(([path, { data_type }]) => {
    const type = FIELD_TYPES[data_type];
    return type === undefined ? [] : [{ name: path.replaceAll('"', ''), type, nullable: true }];
  });
  return { ids: null, fields, dimensions: size, metric, own: false };
}

const METRICS: Readonly<Partial<Record<string, Metric>>> = { Cosine: 'cosine', Dot: 'dot', Euclid: 'l2' };
/** What an index of the server says of its field; whether it holds arrays is not said. */
const FIELD_TYPES: Readonly<Partial<Record<string, FieldType>>> = {
  keyword: 'string',
  integer: 'integer',
  float: 'float',
  bool: 'boolean',
  datetime: 'timestamp',
};
