import { mkdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import { NO_FILTERS } from '../../filters/support.js';
import type {
  Collection,
  CollectionSpec,
  ConnectedEngine,
  EngineDefinition,
  LoadBatch,
  Parameters,
  PreparedSearch,
  Readiness,
} from '../engine.js';
import { folderBytes, inChunks, requireCount, requireDimensions } from '../load.js';
import { jsonSchemas, parseOptions } from '../options.js';
import { installCommand, packageVersion } from '../packages.js';
import { openDatabase, type SqliteDatabase } from './client.js';
import { checkData, MAX_DIMENSIONS, rules } from './options.js';

const PACKAGES = ['better-sqlite3', 'sqlite-vec'];
/** Points inserted in one transaction, without giving the event loop a turn. */
const CHUNK = 512;

export const engine: EngineDefinition = {
  name: 'sqlite-vec',
  title: 'sqlite-vec',
  packages: PACKAGES,
  install: installCommand(PACKAGES),
  capabilities: {
    metrics: ['cosine', 'l2'],
    indexTypes: { flat: ['none'] },
    filters: NO_FILTERS,
    metadata: null,
    operations: ['count'],
    idKinds: ['u32'],
    maxDimensions: MAX_DIMENSIONS,
    visibility: 'immediate',
    scores: { cosine: '1-cos', l2: 'root' },
    deterministicBuild: 'always',
    remarks: [
      'Scans every point for each query: exact, without an index and without settings.',
      'Runs inside the process and blocks it: a query uses one thread and costs no network.',
      "The database is a file with a write-ahead log (synchronous = NORMAL) and SQLite's default page cache of 2 MB, so that a query reads the vectors through the file system.",
      'Knows no inner product: a suite under dot is refused while planning.',
      'A query or a point that is all zero has no distance under cosine: the score is NaN.',
      'Returns at most 4096 hits, of at most 8192 dimensions.',
    ],
  },
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData,
  connect: async ({ folder }) => connected(join(folder, 'sqlite-vec')),
};

function connected(folder: string): ConnectedEngine {
  return {
    version: async () => packageVersion('sqlite-vec') ?? 'unknown',
    create: async (spec) => {
      await mkdir(folder, { recursive: true });
      return new SqliteCollection(folder, spec);
    },
    close: () => rm(folder, { force: true, recursive: true }),
  };
}

/** A database file of its own for each collection: its size is that of the files. */
class SqliteCollection implements Collection {
  readonly #dimensions: number;
  readonly #folder: string;
  #database: SqliteDatabase | undefined;
  #loaded = 0;

  constructor(folder: string, { name, dimensions, metric }: CollectionSpec) {
    this.#dimensions = dimensions;
    this.#folder = join(folder, encodeURIComponent(name));
    mkdirSync(this.#folder);
    this.#database = openDatabase(join(this.#folder, 'points.sqlite'));
    this.#database.exec(
      `create virtual table points using vec0(id integer primary key, vector float[${dimensions}] distance_metric=${metric})`,
    );
  }

  async load(batch: LoadBatch, signal: AbortSignal): Promise<void> {
    const database = this.#open();
    const insert = database.prepare('insert into points (id, vector) values (?, ?)');
    const rows = database.transaction((from: number, to: number) => {
      for (let row = from; row < to; row++) {
        const start = row * this.#dimensions;
        // A JavaScript number would be bound as a float, which is no key.
        insert.run(BigInt(batch.keys[row]!), batch.vectors.subarray(start, start + this.#dimensions));
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

  async prepare(_search: Parameters, k: number): Promise<PreparedSearch> {
    const select = this.#open()
      .prepare('select id, distance from points where vector match ? and k = ? order by distance')
      .raw();
    let open = true;
    return {
      query: (vector) => {
        if (!open) throw new FailureError('the search was closed', { where: 'sqlite-vec' });
        requireDimensions('sqlite-vec', vector, this.#dimensions);
        const rows = select.all(vector, k) as [number, number | null][];
        return { keys: rows.map(([id]) => id), scores: rows.map(([, distance]) => distance ?? Number.NaN) };
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
