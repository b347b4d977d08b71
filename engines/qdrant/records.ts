import { FailureError, InputError } from '../../common/errors.js';
import type { RecordSchema, RecordStore } from '../contract/points.js';
import type { Endpoint } from '../contract/server.js';
import { checkSchema } from '../kit/check.js';
import { send } from './http.js';
import type { Json } from './json.js';
import { QdrantRecords } from './record-collection.js';
import { knownSchema, LIMITS, SCHEMA_KEY } from './record-schema.js';
import { createBody, createPayloadIndexes, pathOf } from './requests.js';

export function recordStore(endpoint: Endpoint, threads: number): RecordStore {
  const list = async () => {
    const doing = 'cannot list the collections';
    const { collections } = await send<{ collections: { name: string }[] }>(
      endpoint,
      doing,
      'GET',
      '/collections',
    );
    return collections.map(({ name }) => name).sort();
  };
  return {
    list,
    create: async (name, schema) => {
      checkSchema(LIMITS, schema);
      await createCollection(endpoint, name, schema, threads);
      return new QdrantRecords(endpoint, name, { ...schema, own: true });
    },
    attach: async (name) => {
      const there = await list();
      if (!there.includes(name)) {
        const next = there.length === 0 ? 'there is none at all' : `there are ${there.join(', ')}`;
        throw new FailureError(`there is no collection ${JSON.stringify(name)}`, { where: 'qdrant', next });
      }
      return new QdrantRecords(endpoint, name, await knownSchema(endpoint, name));
    },
  };
}

/** What the server lets into no name (1.17.1), and at most how long one is. */
const NOT_IN_NAMES = [...'<>:"/\\|?*\0\u{1f}'];
const LONGEST_NAME = 255;

function requireName(name: string): void {
  const odd = NOT_IN_NAMES.find((sign) => name.includes(sign));
  if (odd === undefined && name.length > 0 && name.length <= LONGEST_NAME) return;
  const why =
    odd === undefined ? `must have 1 to ${LONGEST_NAME} characters` : `must not hold ${JSON.stringify(odd)}`;
  throw new InputError(`the name of a collection ${why}`, {
    where: 'qdrant',
    got: name,
    next: 'choose a name without < > : " / \\ | ? *',
  });
}

/** The server's own thresholds decide when it is indexed: these collections are not built to be measured. */
async function createCollection(
  endpoint: Endpoint,
  name: string,
  { dimensions, metric, ids, fields, index }: RecordSchema,
  threads: number,
): Promise<void> {
  requireName(name);
  const { optimizers_config: optimizers, ...body } = createBody(
    { name, dimensions, metric, capacity: 0, index },
    threads,
  );
  const { indexing_threshold: _, ...rest } = optimizers;
  const kept = { ids, fields: fields.map(({ name, type, nullable }) => ({ name, type, nullable })) };
  const whole = {
    ...body,
    ...(index['type'] === 'flat' ? { optimizers_config: optimizers } : { optimizers_config: rest }),
    metadata: { [SCHEMA_KEY]: kept },
  } as unknown as Json;
  const doing = `cannot create the collection ${name}`;
  await send(endpoint, doing, 'PUT', pathOf(name), whole);
  if (index['payloadIndex'] === true) await createPayloadIndexes(endpoint, name, fields);
}
