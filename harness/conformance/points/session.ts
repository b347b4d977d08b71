import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FieldSchema, Metric } from '../../../datasets/dataset.js';
import type { Collection } from '../../../engines/contract/collection.js';
import type { ConnectedEngine, EngineDefinition } from '../../../engines/contract/engine.js';
import type { PointFacts } from '../../../engines/contract/facts.js';
import type { IdKind, PointId } from '../../../engines/contract/ids.js';
import type { Metadata, Point, PointChange, Points, ScanOptions } from '../../../engines/contract/points.js';
import type { Hits, PreparedSearch } from '../../../engines/contract/search.js';
import type { CollectionSpec } from '../../../engines/contract/spec.js';
import { DEFAULT_VECTOR, type VectorField } from '../../../engines/contract/vectors.js';
import type { Filter } from '../../../filters/filter.js';
import type { TestApi } from '../api.js';
import { never, newCollectionName, parsed, type Reached } from '../session.js';
import { requireSameColumns } from './columns.js';

export const DIMENSIONS = 8;

/** An engine that keeps whole points, in one of its modes, and what is said of them. */
export interface PointContender extends Reached {
  facts: PointFacts;
  /** All checks share one connection: starting it takes seconds, as that of a database inside the process does. */
  shared?: boolean | undefined;
}

/** Declares checks that each have a session of their own. */
export type On = (title: string, use: (session: PointSession) => Promise<void>, skip?: boolean) => void;

export function checksOn({ test }: Pick<TestApi, 'test'>, contender: PointContender): On {
  return (title, use, skip = false) =>
    test.skipIf(skip)(title, async () => {
      const session = await openPoints(contender);
      try {
        await use(session);
      } finally {
        await session.close();
      }
    });
}

/** A collection as these checks use it. */
export class Opened {
  readonly collection: Collection;
  readonly points: Points;
  readonly #contender: PointContender;

  constructor(contender: PointContender, collection: Collection) {
    if (collection.points === undefined) throw new Error('the engine declares points but has none');
    this.#contender = contender;
    this.collection = collection;
    this.points = collection.points;
  }

  upsert = (points: readonly Point[], signal?: AbortSignal) => this.points.upsert(points, signal);
  get = (ids: readonly PointId[]) => this.points.get(ids);
  delete = (ids: readonly PointId[]) => this.points.delete(ids);
  update = (change: PointChange) => this.points.update(change);
  describe = () => this.points.describe();
  count = () => this.collection.count();
  matching = (filter: Filter) => this.points.matching!(filter);
  drop = () => this.collection.drop();

  async *scan(options: ScanOptions): AsyncIterable<Point[]> {
    const snapshot = await this.points.snapshot();
    try {
      const all: Point[] = [];
      for await (const { points } of snapshot.scan(options)) {
        all.push(...points);
        yield points;
      }
      if (snapshot.columns !== undefined)
        await requireSameColumns(snapshot, (await this.describe()).spec.vectors, options, all);
    } finally {
      await snapshot.close();
    }
  }

  /** One search with default settings; `k` hits at most. */
  async search(vector: Float32Array, k: number, filter?: Filter): Promise<{ id: PointId; score: number }[]> {
    return (await this.searches([vector], k, filter))[0]!;
  }

  /** Several at the same time. */
  async searches(vectors: readonly Float32Array[], k: number, filter?: Filter) {
    await this.collection.ready(never);
    const { definition, facts } = this.#contender;
    const settings = parsed(definition, { index: facts.index }).search;
    const search = await this.collection.prepare(settings, k);
    try {
      const native = filter && (await search.translate!(filter));
      const answers = await Promise.all(vectors.map(async (vector) => search.query(vector, native)));
      return answers.map((hits) => hitsOf(hits, search.idOf));
    } finally {
      await search.close();
    }
  }
}

function hitsOf({ keys, scores }: Hits, idOf: PreparedSearch['idOf']): { id: PointId; score: number }[] {
  return Array.from(keys, (key, i) => ({
    id: idOf?.(key) ?? (typeof key === 'number' ? BigInt(key) : key),
    score: scores[i]!,
  }));
}

export interface PointSession {
  definition: EngineDefinition;
  facts: PointFacts;
  connected: ConnectedEngine;
  folder: string;
  /** A name that nothing has yet, with the harness' prefix. */
  name(): string;
  list(): Promise<string[]>;
  /** A new collection; dropped when the session is closed. */
  create(spec?: SpecChange, name?: string): Promise<Opened>;
  /** One that is there. */
  open(name: string): Promise<Opened>;
  /** Another connection to the same data. */
  second(): Promise<{ connected: ConnectedEngine; open(name: string): Promise<Opened> }>;
  close(): Promise<void>;
}

export async function openPoints(contender: PointContender): Promise<PointSession> {
  const { definition, facts } = contender;
  const shared = contender.shared === true;
  const { folder, connected } = shared ? await sharedConnection(contender) : await newConnection(contender);
  const made: Opened[] = [];
  const newName = () => newCollectionName(contender);
  const opener = (engine: ConnectedEngine) => async (name: string) =>
    new Opened(contender, await engine.open!(name));
  return {
    definition,
    facts,
    connected,
    folder,
    name: newName,
    list: () => connected.list!(),
    create: async (spec = {}, name = newName()) => {
      const opened = new Opened(contender, await connected.create(specFor(contender, name, spec)));
      made.push(opened);
      return opened;
    },
    open: opener(connected),
    second: async () => {
      const other = await connect(contender, folder);
      return { connected: other, open: opener(other) };
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

const sharedConnections = new Map<PointContender, Promise<Connection>>();

function sharedConnection(contender: PointContender): Promise<Connection> {
  const running = sharedConnections.get(contender) ?? newConnection(contender);
  sharedConnections.set(contender, running);
  return running;
}

/** To be called when all checks of the contender have ended. */
export async function closeShared(contender: PointContender): Promise<void> {
  const running = sharedConnections.get(contender);
  if (running === undefined) return;
  sharedConnections.delete(contender);
  const { folder, connected } = await running;
  await connected.close();
  await rm(folder, { recursive: true, force: true });
}

async function newConnection(contender: PointContender): Promise<Connection> {
  const folder = await mkdtemp(join(contender.folder ?? tmpdir(), 'vecproof-points-'));
  return { folder, connected: await connect(contender, folder) };
}

async function connect({ definition, reach }: PointContender, folder: string): Promise<ConnectedEngine> {
  return definition.connect({ folder, threads: 1, seed: 7, ...(await reach?.()) }, never);
}

/** Parts of a spec, and the metric of its one vector. */
export type SpecChange = Partial<CollectionSpec> & { metric?: Metric };

export function specFor(
  { definition, facts }: PointContender,
  name: string,
  { metric, ...given }: SpecChange = {},
): CollectionSpec {
  const { idKinds, metrics } = definition.capabilities;
  const vector: VectorField = {
    name: DEFAULT_VECTOR,
    kind: 'dense',
    type: 'f32',
    dimensions: DIMENSIONS,
    metric: metric ?? (metrics.includes('l2') ? 'l2' : metrics[0]!),
  };
  return {
    name,
    vectors: [vector],
    ids: idKinds.includes('string') ? 'string' : idKinds[0]!,
    fields: [],
    index: parsed(definition, { index: facts.index }).index,
    ...given,
  };
}

/** The kind of ids that these checks use unless they say so. */
export function idsOf(contender: PointContender): IdKind {
  return specFor(contender, 'any').ids;
}

/** A vector of its own for each number, of any length but 0. */
export function vectorOf(seed: number): Float32Array {
  return Float32Array.from(
    { length: DIMENSIONS },
    (_, i) => Math.sin(seed * 12.9898 + i * 78.233) * (1 + (seed % 5)),
  );
}

export function somePoint(id: PointId, seed: number, metadata: Metadata = {}): Point {
  return { id, vectors: { [DEFAULT_VECTOR]: vectorOf(seed) }, metadata };
}

export function field(name: string, type: FieldSchema['type'] = 'string', nullable = true): FieldSchema {
  return { name, type, nullable };
}

/** `count` ids of a kind, in no order. */
export function someIds(kind: IdKind, count: number): PointId[] {
  return Array.from({ length: count }, (_, i) => {
    const number = BigInt((i * 7919) % 100_003);
    if (kind === 'u32' || kind === 'u64') return number;
    if (kind === 'string') return `id ${number}`;
    return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
  });
}

/** Everything that a collection holds, by scanning it. */
export async function scanned(collection: Opened, batchSize = 7): Promise<Point[]> {
  const all: Point[] = [];
  for await (const batch of collection.scan({ batchSize })) {
    if (batch.length > batchSize)
      throw new Error(`a batch of ${batch.length} where ${batchSize} were asked for`);
    all.push(...batch);
  }
  return all;
}

/** By id; throws if one came twice. */
export function byId(points: readonly Point[]): Map<Point['id'], Point> {
  const all = new Map(points.map((each) => [each.id, each]));
  if (all.size !== points.length) throw new Error('a point came twice');
  return all;
}
