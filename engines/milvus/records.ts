import { FailureError } from '../../common/errors.js';
import type { FieldSchema } from '../../datasets/dataset.js';
import type { IdKind } from '../contract/ids.js';
import type { RecordCollection, RecordSchema, RecordStore } from '../contract/points.js';
import { checkSchema } from '../kit/check.js';
import { askUntil } from '../kit/poll.js';
import { ask, command, type MilvusClient } from './client.js';
import { FLOAT_VECTOR, INDEX_NAME } from './collection.js';
import { columnsOf, idColumn, VECTOR } from './fields.js';
import { described } from './foreign.js';
import { indexKind, METRIC_TYPES } from './index-kind.js';
import { RecordsOfCollection } from './record-collection.js';
import { LIMITS } from './support.js';

/** What a collection was created with and the server does not keep: in the collection's description, as JSON. */
export interface KeptSchema {
  vecproof: 1;
  ids: IdKind;
  fields: readonly FieldSchema[];
}

const WAIT_MS = 120_000;

export function recordStore(client: MilvusClient): RecordStore {
  return {
    create: (name, schema) => create(client, name, schema),
    attach: (name) => attach(client, name),
    list: () => list(client),
  };
}

async function create(client: MilvusClient, name: string, schema: RecordSchema): Promise<RecordCollection> {
  checkSchema(LIMITS, schema);
  // The server answers a second creation with the same parameters with success.
  const { value: there } = await ask('create', client.hasCollection({ collection_name: name }));
  if (there) {
    throw new FailureError(`collection "${name}" is there already`, {
      where: 'milvus',
      next: 'choose another name, or attach to it',
    });
  }
  const { ids, fields, dimensions } = schema;
  const kept: KeptSchema = { vecproof: 1, ids, fields };
  const options = {
    collection_name: name,
    description: JSON.stringify(kept),
    fields: [idColumn(ids), { name: VECTOR, data_type: FLOAT_VECTOR, dim: dimensions }, ...columnsOf(fields)],
    shards_num: 1,
    enable_dynamic_field: false,
  };
  await command('create the collection', client.createCollection(options));
  try {
    await createIndex(client, name, schema);
    return await attach(client, name);
  } catch (error) {
    await client.dropCollection({ collection_name: name });
    throw error;
  }
}

async function createIndex(client: MilvusClient, name: string, schema: RecordSchema): Promise<void> {
  const { type, params } = indexKind(schema);
  const index = {
    collection_name: name,
    field_name: VECTOR,
    index_name: INDEX_NAME,
    index_type: type,
    metric_type: METRIC_TYPES[schema.metric],
    params,
  };
  await command('create the index', client.createIndex(index));
}

async function attach(client: MilvusClient, name: string): Promise<RecordCollection> {
  const about = { collection_name: name };
  const { value: there } = await ask('attach', client.hasCollection(about));
  if (!there) {
    const names = (await list(client)).join(', ') || 'none';
    throw new FailureError(`there is no collection "${name}" (there are: ${names})`, { where: 'milvus' });
  }
  // Without being in the memory of the query node, a collection cannot even be counted. Its data stay as they are.
  await command('load', client.loadCollectionAsync(about));
  await askUntil(async () => {
    const { progress } = await ask('load', client.getLoadingProgress(about));
    return Number(progress) === 100 || undefined;
  }, AbortSignal.timeout(WAIT_MS));
  return new RecordsOfCollection(client, name, await described(client, name));
}

async function list(client: MilvusClient): Promise<string[]> {
  const { data } = await ask('list', client.showCollections());
  return data.map(({ name }) => name);
}
