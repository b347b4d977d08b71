import { createRequire } from 'node:module';
import type { MetadataValue } from '../../../datasets/dataset.js';
import type { NativeField } from '../../../engines/contract/engine.js';
import type { Endpoint } from '../../../engines/contract/server.js';
import { readFilter } from '../../../engines/milvus/read-filter.js';
import { matches } from '../../../filters/matches.js';
import { parseFilter } from '../../../filters/parse.js';
import { seeded } from '../helpers/seeded.js';

const require = createRequire(import.meta.url);
const NAME = 'conditions';

type Row = Readonly<Record<string, MetadataValue | undefined>> & { id: number };

/** Columns without null, which the server that tests have does not know; `meta` has keys that some rows lack, `extra` is dynamic. */
const FIELDS: readonly NativeField[] = [
  { name: 'n', type: 'integer', native: 'Int64', nullable: true },
  { name: 'f', type: 'float', native: 'Double', nullable: true },
  { name: 's', type: 'string', native: 'VarChar', nullable: true },
  { name: 'b', type: 'boolean', native: 'Bool', nullable: true },
  { name: 'tags', type: 'string[]', native: 'Array', nullable: true },
  { name: 'meta.lang', type: 'string', native: null, nullable: true },
  { name: 'meta.size', type: 'integer', native: null, nullable: true },
  { name: 'extra', type: 'integer', native: null, nullable: true },
];
const TEXTS = ['', 'a', 'A', 'ab', 'b"c', "it's", 'Ünï', 'a%b', 'z'];
const NUMBERS = [-3, -1, 0, 1, 2, 5, 7];
const FLOATS = [-1.5, -0.1, 0, 0.1, 2.5, 7];

function someRows(random: () => number): Row[] {
  const one = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  return Array.from({ length: 300 }, (_, id) => ({
    id,
    n: one(NUMBERS),
    f: one(FLOATS),
    s: one(TEXTS),
    b: random() < 0.5,
    tags: TEXTS.filter(() => random() < 0.25),
    ...(random() < 0.8 && { 'meta.lang': one(TEXTS) }),
    ...(random() < 0.8 && { 'meta.size': one(NUMBERS) }),
    ...(random() < 0.8 && { extra: one(NUMBERS) }),
  }));
}

/** An expression as people write one: any fields, signs, spellings and brackets. */
function someExpression(random: () => number, depth = 0): string {
  const one = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const text = () => {
    const value = one(TEXTS);
    return random() < 0.5 ? JSON.stringify(value) : `'${value.replaceAll("'", "\\'")}'`;
  };
  const list = (value: () => string) =>
    `[${Array.from({ length: 1 + Math.floor(random() * 3) }, value).join(', ')}]`;
  const sign = () => one(['==', '!=', '<', '<=', '>', '>=']);
  const integer = () => String(one(NUMBERS));
  const compared = (field: string, value: () => string) =>
    random() < 0.25 ? `${value()} ${sign()} ${field}` : `${field} ${sign()} ${value()}`;
  const inside = (field: string, value: () => string) => `${field} ${one(['in', 'not in'])} ${list(value)}`;
  const leaf = one<() => string>([
    () => compared('n', integer),
    () => compared('f', () => String(one(FLOATS))),
    () => compared('f', integer),
    () => compared('s', text),
    () => `b ${one(['==', '!='])} ${one(['true', 'false'])}`,
    () => `${integer()} ${one(['<', '<='])} n ${one(['<', '<='])} ${integer()}`,
    () => inside('n', integer),
    () => inside('s', text),
    () => `${one(['array_contains', 'ARRAY_CONTAINS'])}(tags, ${text()})`,
    () => `${one(['array_contains_any', 'array_contains_all'])}(tags, ${list(text)})`,
    () => compared('meta["lang"]', text),
    () => compared("meta['size']", integer),
    () => inside('meta["lang"]', text),
    () => compared('extra', integer),
    () => compared('$meta["extra"]', integer),
  ]);
  if (depth >= 3 || random() < 0.4) return leaf();
  const [left, right] = [someExpression(random, depth + 1), someExpression(random, depth + 1)];
  const joined = `(${left} ${one(['and', 'or', '&&', '||'])} ${right})`;
  return random() < 0.3 ? `${one(['not ', '!'])}${random() < 0.5 ? joined : `(${leaf()})`}` : joined;
}

export interface Compared {
  /** Expressions that are read, and that the server takes. */
  read: number;
  /** Reasons for which expressions are not read, with how often. */
  refused: Map<string, number>;
  /** Those that the server itself refuses although they are read. */
  byServer: string[];
  /** Those that mean something else there: what only one side lets through. */
  different: string[];
}

/** Reads so many expressions, evaluates them on the rows, and asks the server the same. */
export async function compareExpressions(
  endpoint: Endpoint,
  expressions: number,
  seed: number,
): Promise<Compared> {
  const random = seeded(seed);
  const rows = someRows(random);
  const { MilvusClient } = require('@zilliz/milvus2-sdk-node');
  const client = new MilvusClient({ address: `${endpoint.host}:${endpoint.port}`, maxRetries: 0 });
  await client.connectPromise;
  const found: Compared = { read: 0, refused: new Map(), byServer: [], different: [] };
  try {
    await fill(client, rows);
    for (let i = 0; i < expressions; i++) await compareOne(client, someExpression(random), rows, found);
  } finally {
    await client.dropCollection({ collection_name: NAME });
    await client.closeConnection();
  }
  return found;
}

// biome-ignore lint/suspicious/noExplicitAny: the server's own client, of which nothing else is known here
async function fill(client: any, rows: readonly Row[]): Promise<void> {
  const made = await client.createCollection({
    collection_name: NAME,
    enable_dynamic_field: true,
    fields: [
      { name: 'id', data_type: 'Int64', is_primary_key: true },
      { name: 'emb', data_type: 'FloatVector', dim: 2 },
      { name: 'n', data_type: 'Int64' },
      { name: 'f', data_type: 'Double' },
      { name: 's', data_type: 'VarChar', max_length: 20 },
      { name: 'b', data_type: 'Bool' },
      {
        name: 'tags',
        data_type: 'Array',
        element_type: 'VarChar',
        max_length: 20,
        max_capacity: 9,
      },
      { name: 'meta', data_type: 'JSON' },
    ],
    index_params: [{ field_name: 'emb', index_type: 'FLAT', metric_type: 'L2' }],
  });
  if (made.error_code !== 'Success') throw new Error(JSON.stringify(made));
  const data = rows.map(({ 'meta.lang': lang, 'meta.size': size, extra, ...row }) => ({
    ...row,
    emb: [1, 2],
    meta: { ...(lang !== undefined && { lang }), ...(size !== undefined && { size }) },
    ...(extra !== undefined && { extra }),
  }));
  const inserted = await client.insert({ collection_name: NAME, data });
  if (inserted.status.error_code !== 'Success') throw new Error(JSON.stringify(inserted.status));
  await client.loadCollectionSync({ collection_name: NAME });
}

// biome-ignore lint/suspicious/noExplicitAny: as above
async function compareOne(client: any, expr: string, rows: readonly Row[], found: Compared): Promise<void> {
  const read = readFilter(expr, FIELDS);
  if (read.state === 'refused') {
    const why = read.why.replaceAll(/"[^"]*"/g, '…');
    found.refused.set(why, (found.refused.get(why) ?? 0) + 1);
    return;
  }
  const parsed = parseFilter(read.filter, FIELDS);
  if (parsed.state !== 'ok') {
    found.different.push(`${expr} is read as what is no filter: ${JSON.stringify(read.filter)}`);
    return;
  }
  const answer = await client.query({
    collection_name: NAME,
    expr,
    output_fields: ['id'],
    limit: 1000,
    consistency_level: 'Strong',
  });
  if (answer.status.error_code !== 'Success') {
    found.byServer.push(`${expr}: ${answer.status.reason}`);
    return;
  }
  found.read++;
  const theirs = new Set<number>(answer.data.map(({ id }: { id: string }) => Number(id)));
  const differ = rows.filter((row) => matches(parsed.filter, (name) => row[name]) !== theirs.has(row.id));
  if (differ.length > 0)
    found.different.push(
      `${expr} as ${JSON.stringify(read.filter)}: ${differ.length} rows, such as ${JSON.stringify(differ[0])}`,
    );
}
