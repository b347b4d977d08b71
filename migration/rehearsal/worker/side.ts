import { join } from 'node:path';
import type { Collection } from '../../../engines/contract/collection.js';
import type { ConnectedEngine } from '../../../engines/contract/engine.js';
import type { PointId } from '../../../engines/contract/ids.js';
import type { Point, Points } from '../../../engines/contract/points.js';
import type { PreparedSearch } from '../../../engines/contract/search.js';
import { loadEngine } from '../../../engines/registry.js';
import { reach } from '../../connections/reach.js';
import { type Mapped, openMapping } from '../mapped.js';
import type { Side, WorkerConfig } from '../protocol.js';
import { faultyPoints, type Injuries } from './injuries.js';
import { type MappedPoints, mappedPoints } from './mapped-points.js';

const PAGE = 500;

/** One side of the rehearsal: a real engine with a scratch collection, behind what may be wrong with it. */
export class OpenSide {
  readonly side: Side;
  readonly #config: WorkerConfig;
  readonly #injuries: Injuries;
  #connected: ConnectedEngine | undefined;
  #collection: Collection | undefined;
  #search: PreparedSearch | undefined;
  #mapped: Mapped | undefined;
  #direct!: MappedPoints;
  /** As the migration and the application reach it. */
  points!: Points;

  constructor(side: Side, config: WorkerConfig, injuries: Injuries) {
    this.side = side;
    this.#config = config;
    this.#injuries = injuries;
  }

  /** @returns the engine's version */
  async connect(): Promise<string> {
    const { engine, address, collection, endpoint } = this.#config.places[this.side];
    const definition = await loadEngine(engine);
    const signal = new AbortController().signal;
    const surroundings = { cwd: this.#config.folder, env: process.env, signal };
    const { connect } =
      endpoint === undefined
        ? await reach(definition, { engine, address, collection, as: {}, details: {} }, surroundings, true)
        : { connect: { endpoint, mode: 'docker' } };
    const { mapping } = this.#config;
    if (this.side === 'target' && mapping !== undefined) this.#mapped ??= await openMapping(mapping);
    const folder = join(this.#config.folder, `${this.side}-work`);
    this.#connected = await definition.connect({ ...connect, folder, threads: 1, seed: 0 }, signal);
    if ((await this.#connected.list!()).includes(collection))
      this.#use(await this.#connected.open!(collection));
    return this.#connected.version();
  }

  async create(): Promise<void> {
    const { places, spec, index, madeBy } = this.#config;
    const { collection } = places[this.side];
    const made = this.#mapped?.spec ?? spec;
    this.#use(await this.#connected!.create({ ...made, name: collection, index: index[this.side], madeBy }));
  }

  /** Past what is wrong with it. */
  get direct(): Points {
    return this.#direct.points;
  }

  /** A row of the application as this side is to hold it, under the application's id. */
  as(point: Point): Point {
    return this.#mapped?.as(point) ?? point;
  }

  /** Ids of the application that may be met on this side, after a process that knew them was killed. */
  learn(ids: Iterable<PointId>): void {
    if (this.#mapped !== undefined) for (const id of ids) this.#direct.learn(id);
  }

  async ready(): Promise<void> {
    await this.#injuries.before(this.side, 'read');
    await this.#collection!.ready(new AbortController().signal);
  }

  /** Ids of the nearest rows. */
  async search(vector: Float32Array): Promise<PointId[]> {
    await this.#injuries.before(this.side, 'read');
    const { k, vector: name } = this.#config;
    this.#search ??= await this.#collection!.prepare({}, k, this.#mapped?.vectorOf(name) ?? name);
    const search = this.#search;
    const { keys } = await search.query(vector);
    return Array.from(keys, (key) =>
      this.#direct.back(search.idOf?.(key) ?? (typeof key === 'number' ? BigInt(key) : key)),
    );
  }

  async scan(): Promise<Point[]> {
    const snapshot = await this.direct.snapshot();
    const found: Point[] = [];
    try {
      for await (const page of snapshot.scan({ batchSize: PAGE })) found.push(...page.points);
    } finally {
      await snapshot.close();
    }
    return found;
  }

  async drop(): Promise<void> {
    await this.#collection?.drop();
  }

  async close(): Promise<void> {
    await this.#search?.close();
    this.#search = undefined;
    await this.#connected?.close();
    this.#connected = undefined;
  }

  #use(collection: Collection): void {
    this.#collection = collection;
    this.#direct = mappedPoints(collection.points!, this.#mapped, this.#direct);
    this.points = faultyPoints(this.#direct.points, this.side, this.#injuries);
  }
}
