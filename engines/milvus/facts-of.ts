import type { CollectionFacts, PartitionFacts } from '../contract/points.js';
import { ask, type IndexDescription, type MilvusClient } from './client.js';
import { parametersOf } from './foreign.js';
import type { Layout } from './layout.js';

/** Name of the property that lets points expire. */
const TTL = 'collection.ttl.seconds';

type Described = Awaited<ReturnType<MilvusClient['describeCollection']>>;

/** What the server says of a collection beside its columns. */
export function factsOf(
  { schema, aliases = [], properties = [], shards_num, consistency_level }: Described,
  { columns }: Pick<Layout, 'columns'>,
  indexes: readonly IndexDescription[],
): CollectionFacts {
  const found = [...columns].flatMap(([vector, column]) => {
    const index = indexes.find(({ field_name }) => field_name === column);
    if (index === undefined) return [];
    const { index_name: name, indexed_rows } = index;
    return [[vector, { name, parameters: parametersOf(index), points: Number(indexed_rows) }] as const];
  });
  const ttl = properties.find(({ key }) => key === TTL)?.value;
  const limits = {
    ...Object.fromEntries(properties.filter(({ key }) => key !== TTL).map(({ key, value }) => [key, value])),
    ...(shards_num !== undefined && { shards_num }),
    ...(consistency_level !== undefined && { consistency_level }),
    enable_dynamic_field: schema.enable_dynamic_field,
  };
  return {
    indexes: Object.fromEntries(found),
    aliases: [...aliases].sort(),
    autoIds: schema.fields.some(({ is_primary_key, autoID }) => is_primary_key && autoID === true),
    ...(ttl !== undefined && { ttl: `${TTL} = ${ttl}` }),
    limits,
  };
}

/** As their owner has named them; those of a partition key are the server's own. */
export async function partitionsOf(client: MilvusClient, collection_name: string): Promise<PartitionFacts[]> {
  const { partition_names } = await ask('describe', client.showPartitions({ collection_name }));
  return partition_names.map((name) => ({ kind: 'partition', name }));
}
