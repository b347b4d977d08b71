import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ParameterSet } from '../../common/parameters.js';
import type { MetadataColumns } from '../../datasets/dataset.js';
import type { Collection, Readiness } from '../../engines/contract/collection.js';
import type { ConnectedEngine, ConnectOptions, EngineDefinition } from '../../engines/contract/engine.js';
import type { ConformanceFacts } from '../../engines/contract/facts.js';
import type { OptionsInput } from '../../engines/contract/options.js';
import type { Hits } from '../../engines/contract/search.js';
import type { LoadBatch } from '../../engines/contract/spec.js';
import { rowBatch, rowSpec } from '../../engines/kit/rows.js';
import type { Slice } from './data.js';

/** An engine, and how it is reached. */
export interface Reached {
  definition: EngineDefinition;
  /** Parent of the folders that it works in; the system's for temporary files if absent. */
  folder?: string | undefined;
  /** End of the names of all that the checks make, by which it can be found again on a server that stays. */
  nameEnd?: string | undefined;
  /** What connecting needs beyond a folder; absent for embedded engines. */
  reach?(): Promise<Pick<ConnectOptions, 'endpoint' | 'mode' | 'restartServer'>>;
}

/** An engine that is held to the suite. */
export interface Contender extends Reached {
  facts: ConformanceFacts;
}

/** A name that nothing has yet, with the harness' prefix. */
export function newCollectionName({ nameEnd }: Pick<Reached, 'nameEnd'>): string {
  const end = nameEnd === undefined ? '' : `_${nameEnd}`;
  return `vecproof_${randomBytes(6).toString('hex')}${end}`;
}

export const never: AbortSignal = new AbortController().signal;

export interface Session {
  connected: ConnectedEngine;
  collection: Collection;
  readiness: Readiness;
  folder: string;
  index: ParameterSet;
  search(parameters: OptionsInput['search'], k: number): Promise<Answer[]>;
  /** Search parameters of this build as the engine completes them. */
  parseSearch(parameters: OptionsInput['search']): ParameterSet;
  close(): Promise<void>;
}

export interface Answer {
  rows: number[];
  scores: number[];
}

export interface SessionOptions {
  index?: OptionsInput['index'];
  threads?: number;
  batchSize?: number;
}

/** Options as the engine completes them; a fault is a fault of the test. */
export function parsed(definition: EngineDefinition, input: Partial<OptionsInput>) {
  const result = definition.parseOptions({ index: input.index ?? {}, search: input.search ?? {} });
  if (result.state === 'invalid') throw new Error(`${definition.name}: ${JSON.stringify(result.issues)}`);
  return result;
}

/** A collection that holds the slice and is ready, in a folder of its own. */
export async function build(engine: Reached, data: Slice, options: SessionOptions = {}): Promise<Session> {
  const { definition } = engine;
  const opened = await open(engine, data, options);
  const { collection } = opened;
  for (const batch of batches(data, options.batchSize ?? 1000)) await collection.load(batch, never);
  const readiness = await collection.ready(never);
  const given = options.index ?? {};
  const parseSearch = (search: OptionsInput['search']) => parsed(definition, { index: given, search }).search;
  return {
    ...opened,
    readiness,
    parseSearch,
    search: async (parameters, k) => {
      const prepared = await collection.prepare(parseSearch(parameters), k);
      const answers: Answer[] = [];
      for (const query of data.queries) answers.push(answerOf(await prepared.query(query)));
      await prepared.close();
      return answers;
    },
  };
}

/** A connected engine with an empty collection. */
export async function open(
  engine: Reached,
  data: Pick<Slice, 'metric' | 'dimensions' | 'count' | 'fields'>,
  { index = {}, threads = 1 }: SessionOptions = {},
) {
  const { definition, reach, folder: parent = tmpdir() } = engine;
  const folder = await mkdtemp(join(parent, 'vecproof-conformance-'));
  const connected = await definition.connect({ folder, threads, seed: 7, ...(await reach?.()) }, never);
  const complete = parsed(definition, { index }).index;
  const { metric, dimensions, count: capacity, fields } = data;
  const name = newCollectionName(engine);
  const collection = await connected.create(
    rowSpec({ name, dimensions, metric, capacity, index: complete, fields }),
  );
  const close = async () => {
    await collection.drop();
    await connected.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { collection, connected, folder, index: complete, close };
}

export function* batches(data: Slice, size: number): Generator<LoadBatch> {
  for (let start = 0; start < data.count; start += size) {
    const count = Math.min(size, data.count - start);
    // A copy, overwritten below: an engine that kept the batch's memory would answer from garbage.
    const vectors = data.points.slice(start * data.dimensions, (start + count) * data.dimensions);
    const batch = rowBatch(start, count, vectors, columnsOf(data, start, start + count));
    yield batch;
    vectors.fill(0.125);
    (batch.ids as Uint32Array).fill(0);
  }
}

function columnsOf({ metadata }: Slice, start: number, end: number): MetadataColumns | undefined {
  if (metadata === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(metadata).map(([name, values]) => [name, values.slice(start, end)]),
  );
}

export function answerOf(hits: Hits): Answer {
  return { rows: Array.from(hits.keys, Number), scores: Array.from(hits.scores) };
}

export function rowsOf(answers: readonly Answer[]): number[][] {
  return answers.map(({ rows }) => rows);
}

/** By query, whether the event loop turned until it was answered. */
export async function turnsDuring(
  queries: readonly Float32Array[],
  ask: (query: Float32Array) => unknown,
): Promise<boolean[]> {
  const turns: boolean[] = [];
  for (const query of queries) {
    await nextTurn();
    let turned = false;
    const turn = setImmediate(() => {
      turned = true;
    });
    await ask(query);
    clearImmediate(turn);
    turns.push(turned);
  }
  return turns;
}
