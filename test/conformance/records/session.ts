import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { FieldSchema } from '../../../datasets/dataset.js';
import type { ConnectedEngine, ConnectOptions, EngineDefinition } from '../../../engines/contract/engine.js';
import type { IdKind } from '../../../engines/contract/ids.js';
import type {
  PointRecord,
  RecordCollection,
  RecordSchema,
  RecordStore,
} from '../../../engines/contract/points.js';
import { serverOptions } from '../servers.js';
import { type Contender, contenders, never, parsed } from '../session.js';
import { RECORD_FACTS, type RecordFacts } from './declared.js';

export const DIMENSIONS = 8;

/** An engine with records, in one of its modes. */
export interface RecordContender extends Contender {
  /** Key of `RECORD_FACTS`. */
  title: string;
  facts: RecordFacts;
  /** A mode of its own that needs no server; undefined: the one the conformance tests use. */
  mode: string | undefined;
}

/** Every engine that declares records, and its modes that start nothing (`pglite`). */
export const recordContenders: readonly RecordContender[] = contenders
  .filter(({ definition }) => definition.capabilities.operations.includes('upsert'))
  .flatMap((contender) => {
    const own = contender.definition.server?.modes.filter((mode) => mode !== 'docker' && mode !== 'url');
    return [undefined, ...(own ?? [])].map((mode) => {
      const title = mode === undefined ? contender.name : `${contender.name} ${mode}`;
      const facts = RECORD_FACTS[title];
      if (facts === undefined) throw new Error(`${title} has records but no RECORD_FACTS`);
      return {
        ...contender,
        title,
        facts,
        mode,
        missing: mode === undefined ? contender.missing : undefined,
        suffix: mode === undefined ? contender.suffix : '',
      };
    });
  });

export interface RecordSession {
  definition: EngineDefinition;
  facts: RecordFacts;
  connected: ConnectedEngine;
  store: RecordStore;
  folder: string;
  /** A name that nothing has yet, with the harness' prefix. */
  name(): string;
  /** A new collection; dropped when the session is closed. */
  create(schema?: Partial<RecordSchema>, name?: string): Promise<RecordCollection>;
  /** Another connection to the same data. */
  second(): Promise<{ connected: ConnectedEngine; store: RecordStore }>;
  close(): Promise<void>;
}

export async function openRecords(contender: RecordContender): Promise<RecordSession> {
  const { definition, facts } = contender;
  const shared = contender.mode !== undefined;
  const { folder, connected } = shared ? await sharedConnection(contender) : await newConnection(contender);
  const store = storeOf(connected);
  const made: RecordCollection[] = [];
  const newName = () => `vecproof_${randomBytes(6).toString('hex')}`;
  return {
    definition,
    facts,
    connected,
    store,
    folder,
    name: newName,
    create: async (schema = {}, name = newName()) => {
      const collection = await store.create(name, schemaFor(contender, schema));
      made.push(collection);
      return collection;
    },
    second: async () => {
      const other = await connect(contender, folder);
      return { connected: other, store: storeOf(other) };
    },
    close: async () => {
      // A test that dropped its collection, or closed its connection, has nothing left to drop.
      await Promise.allSettled(made.map((collection) => collection.drop()));
      if (shared) return;
      await connected.close().catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Connection {
  folder: string;
  connected: ConnectedEngine;
}

/** Starting a database inside the process takes seconds: such a mode has one for all tests. */
const inProcess = new Map<string, Promise<Connection>>();

function sharedConnection(contender: RecordContender): Promise<Connection> {
  const running = inProcess.get(contender.title) ?? newConnection(contender);
  inProcess.set(contender.title, running);
  return running;
}

async function newConnection(contender: RecordContender): Promise<Connection> {
  const folder = await mkdtemp(join(tmpdir(), 'vecproof-records-'));
  return { folder, connected: await connect(contender, folder) };
}

afterAll(async () => {
  for (const running of inProcess.values()) {
    const { folder, connected } = await running;
    await connected.close();
    await rm(folder, { recursive: true, force: true });
  }
});

async function connect({ definition, mode }: RecordContender, folder: string): Promise<ConnectedEngine> {
  const server: Partial<ConnectOptions> = mode === undefined ? await serverOptions(definition) : { mode };
  return definition.connect({ folder, threads: 1, seed: 7, ...server }, never);
}

function storeOf({ records }: ConnectedEngine): RecordStore {
  if (records === undefined) throw new Error('the engine declares records but has no store');
  return records;
}

export function schemaFor(
  { definition, facts }: RecordContender,
  given: Partial<RecordSchema> = {},
): RecordSchema {
  const { idKinds, metrics } = definition.capabilities;
  return {
    dimensions: DIMENSIONS,
    metric: metrics.includes('l2') ? 'l2' : metrics[0]!,
    ids: idKinds.includes('string') ? 'string' : idKinds[0]!,
    fields: [],
    index: parsed(definition, { index: facts.index }).index,
    ...given,
  };
}

/** A vector of its own for each number, of any length but 0. */
export function vectorOf(seed: number): Float32Array {
  return Float32Array.from(
    { length: DIMENSIONS },
    (_, i) => Math.sin(seed * 12.9898 + i * 78.233) * (1 + (seed % 5)),
  );
}

export function record(
  id: PointRecord['id'],
  seed: number,
  metadata: PointRecord['metadata'] = {},
): PointRecord {
  return { id, vector: vectorOf(seed), metadata };
}

export function field(name: string, type: FieldSchema['type'] = 'string', nullable = true): FieldSchema {
  return { name, type, nullable };
}

/** `count` ids of a kind, in no order. */
export function someIds(kind: IdKind, count: number): PointRecord['id'][] {
  return Array.from({ length: count }, (_, i) => {
    const number = BigInt((i * 7919) % 100_003);
    if (kind === 'u32' || kind === 'u64') return number;
    if (kind === 'string') return `id ${number}`;
    return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
  });
}

/** Everything that a collection holds, by scanning it. */
export async function scanned(collection: RecordCollection, batchSize = 7): Promise<PointRecord[]> {
  const all: PointRecord[] = [];
  for await (const batch of collection.scan({ batchSize })) {
    if (batch.length > batchSize)
      throw new Error(`a batch of ${batch.length} where ${batchSize} were asked for`);
    all.push(...batch);
  }
  return all;
}
