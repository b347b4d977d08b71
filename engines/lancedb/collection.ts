import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import type { Collection, Readiness } from '../contract/collection.js';
import type { Parameters } from '../contract/options.js';
import type { PreparedSearch } from '../contract/search.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';
import { abortable, folderBytes, requireCount } from '../kit/load.js';
import type { ArrowClient, LanceClient, LanceConnection, LanceTable } from './client.js';
import { pointTable, tableSchema } from './columns.js';
import { createFieldIndexes, createIndex, INDEX_NAME, type IndexKind, indexKind } from './index-kind.js';
import { prepareSearch } from './search.js';

export interface LanceSession {
  lance: LanceClient;
  arrow: ArrowClient;
  connection: LanceConnection;
  folder: string;
  threads: number;
}

export async function createCollection(session: LanceSession, spec: CollectionSpec): Promise<Collection> {
  const schema = tableSchema(session.arrow, spec.dimensions, spec.fields);
  const table = await session.connection.createEmptyTable(spec.name, schema);
  return new LanceCollection(session, spec, table);
}

class LanceCollection implements Collection {
  readonly #session: LanceSession;
  readonly #spec: CollectionSpec;
  readonly #table: LanceTable;
  readonly #kind: IndexKind | undefined;
  #loaded = 0;
  #built = false;

  constructor(session: LanceSession, spec: CollectionSpec, table: LanceTable) {
    this.#session = session;
    this.#spec = spec;
    this.#table = table;
    this.#kind = indexKind(spec.index);
  }

  async load(batch: LoadBatch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const rows = pointTable(this.#session.arrow, batch, this.#spec.dimensions, this.#spec.fields);
    await abortable(this.#table.add(rows), signal);
    this.#loaded += batch.count;
  }

  async ready(signal: AbortSignal): Promise<Readiness> {
    signal.throwIfAborted();
    const count = await this.count();
    requireCount('lancedb', count, this.#loaded);
    if (!this.#built) {
      if (this.#kind !== undefined) {
        await abortable(createIndex(this.#session.lance, this.#table, this.#kind, this.#spec), signal);
      }
      await abortable(createFieldIndexes(this.#session.lance, this.#table, this.#spec), signal);
      this.#built = true;
    }
    if (this.#kind === undefined)
      return { count, indexed: null, details: { threads: this.#session.threads } };
    return this.#indexed(this.#kind, count);
  }

  /** Asks the engine what it built: type, metric, and whether every point is covered. */
  async #indexed(kind: IndexKind, count: number): Promise<Readiness> {
    const stats = await this.#table.indexStats(INDEX_NAME);
    const found = {
      indexType: stats?.indexType,
      distanceType: stats?.distanceType,
      unindexed: stats?.numUnindexedRows,
    };
    const wanted = { indexType: kind.reported, distanceType: this.#spec.metric, unindexed: 0 };
    if (stats === undefined || JSON.stringify(found) !== JSON.stringify(wanted)) {
      throw new FailureError(`the index is not the one asked for (wanted ${JSON.stringify(wanted)})`, {
        where: 'lancedb',
        got: found,
      });
    }
    const details = {
      ...kind.details(this.#spec),
      indexType: stats.indexType,
      threads: this.#session.threads,
    };
    return { count, indexed: stats.numIndexedRows, details };
  }

  prepare(search: Parameters, k: number): Promise<PreparedSearch> {
    return prepareSearch(this.#table, this.#kind !== undefined, this.#spec, search, k);
  }

  count(): Promise<number> {
    return this.#table.countRows();
  }

  /** The table as it lies on disk: the index and the vectors that refining and other queries need. */
  indexBytes(): Promise<number | undefined> {
    return folderBytes(this.#folder);
  }

  async drop(): Promise<void> {
    this.#table.close();
    await this.#session.connection.dropTable(this.#spec.name);
    await rm(this.#folder, { force: true, recursive: true });
  }

  get #folder(): string {
    return join(this.#session.folder, `${this.#spec.name}.lance`);
  }
}
