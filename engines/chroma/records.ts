import { FailureError, shorten } from '../../common/errors.js';
import type { RecordCollection, RecordSchema, RecordStore } from '../contract/points.js';
import { checkSchema } from '../kit/check.js';
import { ask, type ChromaClient, type ChromaCollection } from './client.js';
import { type ChromaSession, hnswConfiguration, requireConfiguration } from './collection.js';
import { type KeptSchema, LIMITS, RecordsOfCollection } from './record-collection.js';

/** Key of a collection's own metadata that holds the schema it was created with. */
const SCHEMA_KEY = 'vecproof';
const PAGE = 100;

export function recordStore(session: ChromaSession): RecordStore {
  return {
    create: (name, schema) => create(session, name, schema),
    attach: (name) => attach(session, name),
    list: () => listNames(session.client),
  };
}

async function create(session: ChromaSession, name: string, schema: RecordSchema): Promise<RecordCollection> {
  checkSchema(LIMITS, schema);
  const { ids, dimensions, fields } = schema;
  const hnsw = hnswConfiguration(schema);
  const kept: KeptSchema = { ids, dimensions, fields };
  const collection = await session.client
    .createCollection({
      name,
      embeddingFunction: null,
      metadata: { [SCHEMA_KEY]: JSON.stringify(kept) },
      configuration: { hnsw },
    })
    .catch((error: unknown) => {
      if (!isNamed(error, 'ChromaUniqueError')) return ask(`create ${shorten(name)}`, Promise.reject(error));
      throw new FailureError(`collection "${name}" is there already`, {
        where: 'chroma',
        next: 'choose another name, or attach to it',
      });
    });
  requireConfiguration(collection as ChromaCollection, hnsw);
  return new RecordsOfCollection(session, collection as ChromaCollection, kept);
}

async function attach(session: ChromaSession, name: string): Promise<RecordCollection> {
  const collection = await session.client.getCollection({ name }).catch(async (error: unknown) => {
    if (!isNamed(error, 'ChromaNotFoundError')) return ask(`find ${shorten(name)}`, Promise.reject(error));
    const there = (await listNames(session.client)).join(', ') || 'none';
    throw new FailureError(`there is no collection "${name}" (there are: ${there})`, { where: 'chroma' });
  });
  return new RecordsOfCollection(
    session,
    collection as ChromaCollection,
    schemaOf(collection as ChromaCollection),
  );
}

/** Undefined: a collection that others made. */
function schemaOf({ metadata }: ChromaCollection): KeptSchema | undefined {
  const kept = metadata?.[SCHEMA_KEY];
  return typeof kept === 'string' ? (JSON.parse(kept) as KeptSchema) : undefined;
}

export async function listNames(client: ChromaClient): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const page = await ask('list', client.listCollections({ limit: PAGE, offset: names.length }));
    names.push(...page.map(({ name }) => name));
    if (page.length < PAGE) return names;
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
