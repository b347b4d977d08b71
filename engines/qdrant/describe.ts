import type { Description, VectorIndexFacts } from '../contract/points.js';
import type { Endpoint } from '../contract/server.js';
import { hasPath, payloadPath } from './fields.js';
import { pathOf, send } from './http.js';
import { type CollectionState, type Layout, readLayout, stateOf } from './layout.js';
import type { QdrantSession } from './session.js';
import type { StoredPoint } from './snapshot.js';

/** What the server says of a collection now: others may have changed it since it was opened. */
export async function describeCollection(session: QdrantSession, name: string): Promise<Description> {
  const { endpoint, client, ask } = session;
  const state = await stateOf(endpoint, name);
  const layout = await readLayout(endpoint, name);
  const { vectors, text, uri, tenant } = layout;
  const { count } = await ask('cannot count', () => client.count(name, { exact: true }));
  return {
    spec: { name, vectors, text: text === true, uri: uri === true, tenant: tenant === true },
    ids: layout.ids ?? (await idsFound(session, name)),
    index: indexOf(state),
    fields: describedFields(layout, state),
    count,
    mark: layout.own ? { by: layout.madeBy ?? null } : null,
    indexes: indexesOf(state, layout),
    aliases: await aliasesNaming(endpoint, name),
    limits: limitsOf(state),
    ...(await shardKeys(endpoint, name, state)),
  };
}

interface Alias {
  alias_name: string;
  collection_name: string;
}

/** All aliases of the server. */
export async function aliasesOf(endpoint: Endpoint): Promise<readonly Alias[]> {
  const answer = await send<{ aliases: Alias[] }>(endpoint, 'cannot list the aliases', 'GET', '/aliases');
  return answer.aliases;
}

async function aliasesNaming(endpoint: Endpoint, name: string): Promise<string[]> {
  const path = `${pathOf(name)}/aliases`;
  const answer = await send<{ aliases: Alias[] }>(endpoint, 'cannot list the aliases', 'GET', path);
  return answer.aliases.map(({ alias_name }) => alias_name).sort();
}

/** A vector has settings of its own, else those of the collection. */
function indexesOf(
  { config }: CollectionState,
  { vectors, unnamed }: Layout,
): Record<string, VectorIndexFacts> {
  const { params } = config;
  const common = { ...config.hnsw_config, quantization: config.quantization_config ?? undefined };
  return Object.fromEntries(
    vectors.map(({ name, kind }) => {
      if (kind === 'sparse') {
        const own = (params.sparse_vectors?.[name] ?? {}) as { index?: object | null };
        return [name, { parameters: { type: 'sparse', ...plain({ ...own.index }) } }];
      }
      const own = ((unnamed ? params.vectors : (params.vectors as Record<string, object>)[name]) ?? {}) as {
        hnsw_config?: object | null;
        quantization_config?: object | null;
        on_disk?: boolean | null;
        datatype?: string | null;
      };
      const { m } = { ...config.hnsw_config, ...own.hnsw_config } as { m?: unknown };
      const parameters = plain({
        ...common,
        ...own.hnsw_config,
        quantization: own.quantization_config ?? common.quantization,
        on_disk_vectors: own.on_disk,
        datatype: own.datatype,
      });
      return [name, { parameters: { type: m === 0 ? 'flat' : 'hnsw', ...parameters } }];
    }),
  );
}

/** Settings that are said, what is no single value as JSON. */
function plain(settings: object): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]: [string, unknown]) => {
      if (value === null || value === undefined) return [];
      const single = typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string';
      return [[key, single ? value : JSON.stringify(value)]];
    }),
  );
}

/** Strict mode and what a copy of the collection would have to be given. */
function limitsOf({ config }: CollectionState): Record<string, string | number | boolean> {
  const { shard_number, sharding_method, replication_factor, write_consistency_factor, on_disk_payload } =
    config.params;
  const strict = Object.entries(config.strict_mode_config ?? {}).map(([key, value]) => [
    `strict_mode.${key}`,
    value,
  ]);
  return plain({
    shard_number,
    sharding_method,
    replication_factor,
    write_consistency_factor,
    on_disk_payload,
    ...Object.fromEntries(strict),
  });
}

/** Shards that their owner has named, where the collection has such. */
async function shardKeys(endpoint: Endpoint, name: string, { config }: CollectionState) {
  if (config.params.sharding_method !== 'custom') return {};
  const path = `${pathOf(name)}/shards`;
  const { shard_keys } = await send<{ shard_keys: { key: string | number }[] | null }>(
    endpoint,
    'cannot list the shard keys',
    'GET',
    path,
  );
  const partitions = (shard_keys ?? []).map(({ key }) => ({ kind: 'shard' as const, name: String(key) }));
  return { partitions };
}

/** Kind of ids of a collection of others: integers come before UUIDs in a scan. */
async function idsFound({ endpoint }: QdrantSession, name: string): Promise<Description['ids']> {
  const path = `${pathOf(name)}/points/scroll`;
  const body = { limit: 1, with_payload: false, with_vector: false };
  const first = await send<{ points: StoredPoint[] }>(endpoint, 'cannot scan', 'POST', path, body);
  const id = first.points[0]?.id;
  if (typeof id === 'string') return 'uuid';
  if (id === undefined) return null;
  const after = { ...body, offset: '00000000-0000-0000-0000-000000000000' };
  const rest = await send<{ points: StoredPoint[] }>(endpoint, 'cannot scan', 'POST', path, after);
  return rest.points.length === 0 ? 'u64' : null;
}

function describedFields(layout: Layout, { payload_schema }: CollectionState): Description['fields'] {
  return layout.fields.map(({ name, type, nullable }) => {
    const index = hasPath(name, layout) ? payload_schema[payloadPath(name, layout)] : undefined;
    const native = index === undefined ? 'JSON without an index' : `JSON with a ${index.data_type} index`;
    return { name, type, native, nullable: layout.own ? nullable : null };
  });
}

/** The index in the server's own words. */
function indexOf({ config }: CollectionState): Description['index'] {
  const { hnsw_config: hnsw, quantization_config: quantization } = config;
  const plain = Object.entries(hnsw).filter(
    ([, value]) => typeof value === 'number' || typeof value === 'boolean',
  );
  return {
    type: hnsw['m'] === 0 ? 'flat' : 'hnsw',
    ...(Object.fromEntries(plain) as Record<string, number | boolean>),
    ...(quantization != null && { quantization: JSON.stringify(quantization) }),
  };
}
