import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { FieldSchema, FieldType, Metric } from '../../datasets/dataset.js';
import type { IdKind } from '../contract/ids.js';
import type { ReadAs } from '../contract/points.js';
import type { Endpoint } from '../contract/server.js';
import type { CollectionSpec } from '../contract/spec.js';
import { DEFAULT_VECTOR, type DenseType, type VectorField } from '../contract/vectors.js';
import { pathOf, send } from './http.js';
import type { Json } from './json.js';

/** Key in the collection's own metadata under which its spec is kept. */
export const SPEC_KEY = 'vecproof';

/** What is known of a collection: from its own metadata where it was created here, else from the server. */
export interface Layout extends Pick<CollectionSpec, 'name' | 'text' | 'uri' | 'tenant' | 'index'> {
  /** Null: not known, or of several kinds. */
  ids: IdKind | null;
  vectors: readonly VectorField[];
  /** The server has the one vector without a name. */
  unnamed: boolean;
  fields: readonly FieldSchema[];
  /** Created here: points are held to the spec. */
  own: boolean;
  /** How a collection of others is read. */
  as?: ReadAs | undefined;
  /** See `Mark`. */
  madeBy?: string | undefined;
  /** Why its vectors can be read but not written; undefined: they can. */
  readOnly?: string | undefined;
}

type Kept = Pick<
  CollectionSpec,
  'ids' | 'vectors' | 'fields' | 'text' | 'uri' | 'tenant' | 'index' | 'madeBy'
>;

export function layoutOf(spec: CollectionSpec): Layout {
  return { ...spec, unnamed: isUnnamed(spec.vectors), own: true };
}

/** One dense vector of the default name is the server's own one without a name. */
export function isUnnamed(vectors: readonly VectorField[]): boolean {
  const [only, ...others] = vectors;
  return others.length === 0 && only?.kind === 'dense' && only.name === DEFAULT_VECTOR;
}

/** What `SPEC_KEY` holds. */
export function keptSpec(spec: CollectionSpec): Json {
  const { ids, vectors, fields, text, uri, tenant, index, madeBy } = spec;
  const kept: Kept = { ids, vectors, fields, text, uri, tenant, index, madeBy };
  return kept as unknown as Json;
}

interface NativeVector {
  size: number;
  distance: string;
  datatype?: string | null;
  multivector_config?: object | null;
}

/** What the server tells of a collection, as far as it is used here. */
export interface CollectionState {
  config: {
    params: {
      vectors?: NativeVector | Readonly<Record<string, NativeVector>> | null;
      sparse_vectors?: Readonly<Record<string, object>> | null;
      shard_number?: number;
      sharding_method?: string | null;
      replication_factor?: number;
      write_consistency_factor?: number;
      on_disk_payload?: boolean;
    };
    hnsw_config: Readonly<Record<string, Json>>;
    optimizer_config?: Readonly<Record<string, Json>> | null;
    strict_mode_config?: Readonly<Record<string, Json>> | null;
    quantization_config?: Readonly<Record<string, Json>> | null;
    metadata?: Readonly<Record<string, unknown>> | null;
  };
  payload_schema: Readonly<Record<string, { data_type: string }>>;
}

export function stateOf(endpoint: Endpoint, name: string): Promise<CollectionState> {
  return send(endpoint, `cannot describe the collection ${name}`, 'GET', pathOf(name));
}

/** The layout of a collection that is there. Throws FailureError for one without vectors. */
export async function readLayout(endpoint: Endpoint, name: string): Promise<Layout> {
  const { config, payload_schema } = await stateOf(endpoint, name);
  const kept = config.metadata?.[SPEC_KEY] as Kept | undefined;
  const native = config.params.vectors ?? {};
  const unnamed = typeof (native as NativeVector).size === 'number';
  const vectors = vectorsOf(config.params, kept?.vectors ?? []);
  if (vectors.length === 0)
    throw new FailureError(`the collection ${name} has no vectors`, { where: 'qdrant' });
  if (kept !== undefined) return { ...kept, name, vectors, unnamed, own: true };
  const readOnly = unwritable(native);
  const index = { type: config.hnsw_config['m'] === 0 ? 'flat' : 'hnsw' } satisfies ParameterSet;
  return {
    name,
    ids: null,
    vectors,
    unnamed,
    fields: indexedFields(payload_schema),
    index,
    own: false,
    readOnly,
  };
}

function vectorsOf(
  { vectors, sparse_vectors }: CollectionState['config']['params'],
  kept: readonly VectorField[],
): VectorField[] {
  const dense = Object.entries(namedVectors(vectors ?? {})).map(([name, native]) => denseField(name, native));
  const sparse = Object.keys(sparse_vectors ?? {}).map(
    (name): VectorField => ({ name, kind: 'sparse', type: 'f32', dimensions: 0, metric: 'dot' }),
  );
  const order = (name: string) => kept.findIndex((each) => each.name === name);
  const known = [...dense, ...sparse].map((field) => kept.find(({ name }) => name === field.name) ?? field);
  // The first is the one that a search uses; the server tells its vectors by name.
  return known.toSorted((a, b) => (order(a.name) >>> 0) - (order(b.name) >>> 0));
}

function namedVectors(vectors: NonNullable<CollectionState['config']['params']['vectors']>) {
  const unnamed = typeof (vectors as NativeVector).size === 'number';
  return (unnamed ? { [DEFAULT_VECTOR]: vectors } : vectors) as Readonly<Record<string, NativeVector>>;
}

function denseField(
  name: string,
  { size, distance, datatype, multivector_config }: NativeVector,
): VectorField {
  const kind = multivector_config == null ? 'dense' : 'multi';
  // Numbers of other types are exact as float32.
  const type: DenseType = datatype === 'float16' ? 'f16' : 'f32';
  return { name, kind, type, dimensions: size, metric: METRICS[distance] ?? null };
}

function unwritable(
  vectors: NonNullable<CollectionState['config']['params']['vectors']>,
): string | undefined {
  const odd = Object.entries(namedVectors(vectors)).find(
    ([, { datatype }]) => datatype != null && datatype !== 'float32' && datatype !== 'float16',
  );
  return (
    odd && `its vector ${JSON.stringify(odd[0])} is stored as ${odd[1].datatype}, which would change numbers`
  );
}

function indexedFields(schema: CollectionState['payload_schema']): FieldSchema[] {
  return Object.entries(schema).flatMap(([path, { data_type }]) => {
    const type = FIELD_TYPES[data_type];
    return type === undefined ? [] : [{ name: path.replaceAll('"', ''), type, nullable: true }];
  });
}

const METRICS: Readonly<Partial<Record<string, Metric>>> = { Cosine: 'cosine', Dot: 'dot', Euclid: 'l2' };
/** What an index of the server says of its field; whether it holds arrays is not said. */
const FIELD_TYPES: Readonly<Partial<Record<string, FieldType>>> = {
  keyword: 'string',
  uuid: 'string',
  integer: 'integer',
  float: 'float',
  bool: 'boolean',
  datetime: 'timestamp',
};
