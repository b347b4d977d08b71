import { mkdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import type {
  Collection,
  CollectionSpec,
  ConnectedEngine,
  EngineDefinition,
  LoadBatch,
  ParameterSet,
  PreparedSearch,
  Readiness,
} from '../contract/engine.js';
import { folderBytes, inChunks, requireCount, requireDimensions } from '../kit/load.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { packageVersion } from '../kit/packages.js';
import { openDatabase, type SqliteDatabase } from './client.js';
import { FILTERS, type SqlFilter, sqlFilter } from './filter.js';
import { METADATA, SideTables } from './metadata.js';
import { checkData, MAX_DIMENSIONS, rules } from './options.js';
import { LIMITS } from './records.js';
import { recordStore } from './store.js';

const PACKAGES = ['better-sqlite3', 'sqlite-vec'];
/** Points inserted in one transaction, without giving the event loop a turn. */
const CHUNK = 512;

export const engine: EngineDefinition = {
  name: 'sqlite-vec',
  title: 'sqlite-vec',
  packages: PACKAGES,
  compiled: ['better-sqlite3'],
  load: () => void openDatabase(':memory:').close(),
  capabilities: {
    metrics: ['cosine', 'l2'],
    indexTypes: { flat: ['none'] },
    filters: FILTERS,
    metadata: METADATA,
    operations: ['count', 'get', 'scan', 'upsert', 'delete', 'update', 'describe', 'attach', 'list'],
    idKinds: LIMITS.idKinds,
    integerIds: LIMITS.integerIds,
    maxDimensions: MAX_DIMENSIONS,
    visibility: 'immediate',
    scores: { cosine: '1-cos', l2: 'root' },
    deterministicBuild: 'always',
    execution: 'blocking',
    preparedSearches: 'several',
    exhaustive: { flat: { kind: 'scan', search: {} } },
    remarks: [
      'Scans every point for each query: exact, without an index and without settings.',
      'Runs inside the process and blocks it: a query uses one thread and costs no network.',
      "The database is a file with a write-ahead log (synchronous = NORMAL) and SQLite's default page cache of 2 MB, so that a query reads the vectors through the file system.",
      'Its own metadata columns know no null, no OR and no arrays: filters are SQL over ordinary tables beside the vectors (id in (select …)), applied before the search, and every answer is exact.',
      'Text with U+0000 is refused in metadata and filters, as SQLite compares only what stands before it.',
      'Each collection of records is a database file of its own; an update reads and writes a record as a whole.',
      'Knows no inner product: a suite under dot is refused while planning.',
      'A query or a point that is all zero has no distance under cosine: the score is NaN.',
      'Returns at most 4096 hits, of at most 8192 dimensions.',
    ],
  },
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData,
  connect: async ({ folder }) => connected(join(folder, 'sqlite-vec'), folder),
};

function connected(folder: string, recordsFolder: string): ConnectedEngine {
  const records = recordStore(recordsFolder);
  return {
    version: async () => packageVersion('sqlite-vec') ?? 'unknown',
    create: async (spec) => {
      await mkdir(folder, { recursive: true });
      return new SqliteCollection(folder, spec);
    },
    records,
    close: async () => {
      records.close();
      await rm(folder, { force: true, recursive: true });
    },
  };
}

interface Translated {
  select: { all(...parameters: readonly unknown[]): unknown[] };
  parameters: SqlFilter['parameters'];
}

/** A database file of its own for each collection: its size is that of the files. */
class SqliteCollection implements Collection {
  readonly #dimensions: number;
  readonly #folder: string;
  readonly #side: SideTables;
  #database: SqliteDatabase | undefined;
  #loaded = 0;

  constructor(folder: string, { name, dimensions, metric, fields = [], index }: CollectionSpec) {
    this.#dimensions = dimensions;
    this.#folder = join(folder, encodeURIComponent(name));
    mkdirSync(this.#folder);
    this.#database = openDatabase(join(this.#folder, 'points.sqlite'));
    this.#database.exec(
      `create virtual table points using vec0(id integer primary key, vector float[${dimensions}] distance_metric=${metric})`,
    );
    this.#side = new SideTables(this.#database, fields);
    if (fields.length > 0) this.#side.create(index['payloadIndex'] === true);
  }

  async load(batch: LoadBatch, signal: AbortSignal): Promise<void> {
    const database = this.#open();
    const insert = database.prepare('insert into points (id, vector) values (?, ?)');
    const write = this.#side.fields.length > 0 ? this.#side.writer() : undefined;
    const rows = database.transaction((from: number, to: number) => {
      for (let row = from; row < to; row++) {
        const start = row * this.#dimensions;
        // A JavaScript number would be bound as a float, which is no key.
        insert.run(BigInt(batch.keys[row]!), batch.vectors.subarray(start, start + this.#dimensions));
        write?.(BigInt(batch.keys[row]!), (name) => batch.metadata?.[name]?.[row]);
      }
    });
    await inChunks(batch, CHUNK, signal, (from, to) => {
      rows(from, to);
      this.#loaded += to - from;
    });
  }

  /** Nothing is to be built; the log is written into the database, so that the file is the whole size. */
  async ready(signal: AbortSignal): Promise<Readiness> {
    signal.throwIfAborted();
    const count = await this.count();
    requireCount('sqlite-vec', count, this.#loaded);
    this.#open().pragma('wal_checkpoint(TRUNCATE)');
    const sqlite = String(this.#open().prepare('select sqlite_version()').pluck().get());
    return { count, indexed: null, details: { sqlite, threads: 1 } };
  }

  async prepare(_search: ParameterSet, k: number): Promise<PreparedSearch> {
    const statement = (passing: string) =>
      this.#open()
        .prepare(
          `select id, distance from points where vector match ? and k = ? ${passing} order by distance`,
        )
        .raw();
    const all = statement('');
    let open = true;
    return {
      query: (vector, filter) => {
        if (!open) throw new FailureError('the search was closed', { where: 'sqlite-vec' });
        requireDimensions('sqlite-vec', vector, this.#dimensions);
        const { select, parameters } = (filter as Translated | undefined) ?? { select: all, parameters: [] };
        const rows = select.all(vector, k, ...parameters) as [number, number | null][];
        return { keys: rows.map(([id]) => id), scores: rows.map(([, distance]) => distance ?? Number.NaN) };
      },
      translate: (filter): Translated => {
        const { sql, parameters } = sqlFilter(filter, this.#side.fields);
        return { select: statement(`and id in (select n from metadata where ${sql})`), parameters };
      },
      close: async () => {
        open = false;
      },
    };
  }

  async count(): Promise<number> {
    return Number(this.#open().prepare('select count(*) from points').pluck().get());
  }

  indexBytes(): Promise<number | undefined> {
    return folderBytes(this.#folder);
  }

  async drop(): Promise<void> {
    this.#database?.close();
    this.#database = undefined;
    await rm(this.#folder, { force: true, recursive: true });
  }

  #open(): SqliteDatabase {
    if (this.#database === undefined) {
      throw new FailureError('the collection was dropped', { where: 'sqlite-vec' });
    }
    return this.#database;
  }
}
