import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Collection, Readiness } from '../contract/collection.js';
import type { PreparedSearch } from '../contract/search.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';
import { abortable, requireCount } from '../kit/load.js';
import { askUntil } from '../kit/poll.js';
import { ask, command, type IndexDescription, type MilvusClient, type SegmentInfo } from './client.js';
import { columnName, columnsOf, idColumn, indexOf, VECTOR } from './fields.js';
import { type IndexKind, indexKind, METRIC_TYPES } from './index-kind.js';
import { insertBatch } from './insert.js';
import { prepareSearch } from './search.js';

export const INDEX_NAME = 'vector_index';
/** Of schema.proto, whose enumerations the client takes as numbers. */
export const FLOAT_VECTOR = 101;

export async function createCollection(
  client: MilvusClient,
  name: string,
  spec: CollectionSpec,
): Promise<Collection> {
  const fields = [
    idColumn('u64'),
    { name: VECTOR, data_type: FLOAT_VECTOR, dim: spec.dimensions },
    ...columnsOf(spec.fields ?? []),
  ];
  const options = { collection_name: name, fields, shards_num: 1, enable_dynamic_field: false };
  await command('create the collection', client.createCollection(options));
  return new MilvusCollection(client, name, spec);
}

class MilvusCollection implements Collection {
  readonly #client: MilvusClient;
  readonly #name: string;
  readonly #spec: CollectionSpec;
  readonly #kind: IndexKind;
  #loaded = 0;

  constructor(client: MilvusClient, name: string, spec: CollectionSpec) {
    this.#client = client;
    this.#name = name;
    this.#spec = spec;
    this.#kind = indexKind(spec);
  }

  async load(batch: LoadBatch, signal: AbortSignal): Promise<void> {
    const { dimensions, fields = [] } = this.#spec;
    await insertBatch({ client: this.#client, collection: this.#name, dimensions, fields }, batch, signal);
    this.#loaded += batch.count;
  }

  /** Seals what was inserted, builds the index, loads it; each step is asked for until the server says it is done. */
  async ready(signal: AbortSignal): Promise<Readiness> {
    signal.throwIfAborted();
    await this.#flush(signal);
    await this.#index(signal);
    const index = await askUntil(() => this.#indexed(), signal);
    await abortable(command('load', this.#client.loadCollectionAsync(this.#about)), signal);
    await askUntil(() => this.#inMemory(), signal);
    const segments = await askUntil(() => this.#served(), signal);
    const count = await this.count();
    requireCount('milvus', count, this.#loaded);
    const flat = this.#spec.index['type'] === 'flat';
    return {
      count,
      indexed: flat ? null : Number(index.indexed_rows),
      details: {
        ...this.#kind.chosen,
        indexType: this.#kind.type,
        segments: segments.length,
        ...(this.#payloadIndexes.length > 0 && { payloadIndexes: this.#payloadIndexes.length }),
      },
    };
  }

  async #flush(signal: AbortSignal): Promise<void> {
    const flush = ask('flush', this.#client.flush({ collection_names: [this.#name] }));
    const { coll_segIDs } = await abortable(flush, signal);
    const segmentIDs = Object.values(coll_segIDs).flatMap(({ data }) => data);
    await askUntil(async () => {
      const { flushed } = await ask('flush', this.#client.getFlushState({ segmentIDs }));
      return flushed || undefined;
    }, signal);
  }

  /** Asking for the same index again is answered with success and changes nothing. */
  async #index(signal: AbortSignal): Promise<void> {
    const options = {
      ...this.#about,
      field_name: VECTOR,
      index_name: INDEX_NAME,
      index_type: this.#kind.type,
      metric_type: METRIC_TYPES[this.#spec.metric],
      params: this.#kind.params,
    };
    await abortable(command('create the index', this.#client.createIndex(options)), signal);
    for (const { name, index_type } of this.#payloadIndexes) {
      const column = columnName(name);
      const scalar = { ...this.#about, field_name: column, index_name: `${column}_index`, index_type };
      await abortable(command(`create the index of ${name}`, this.#client.createIndex(scalar)), signal);
    }
  }

  /** Fields whose columns get an index for filters. */
  get #payloadIndexes(): { name: string; index_type: string }[] {
    if (this.#spec.index['payloadIndex'] !== true) return [];
    return (this.#spec.fields ?? []).flatMap(({ name, type }) => {
      const index_type = indexOf(type);
      return index_type === undefined ? [] : [{ name, index_type }];
    });
  }

  /** The index once it covers all rows. Before that the state alone says nothing: it is "Finished" over no rows, too. */
  async #indexed(): Promise<IndexDescription | undefined> {
    const { index_descriptions } = await ask('build the index', this.#client.describeIndex(this.#about));
    const index = index_descriptions.find(({ index_name }) => index_name === INDEX_NAME);
    const reason = index?.index_state_fail_reason;
    if (index === undefined || index.state === 'Failed' || reason) {
      throw new FailureError(`the index cannot be built: ${reason || 'it is gone'}`, {
        where: `milvus: ${this.#kind.type}`,
      });
    }
    this.#requireKind(index);
    const complete = index_descriptions.every(
      (each) =>
        each.state === 'Finished' &&
        Number(each.indexed_rows) === this.#loaded &&
        Number(each.pending_index_rows) === 0,
    );
    return complete && index_descriptions.length === 1 + this.#payloadIndexes.length ? index : undefined;
  }

  #requireKind({ params }: IndexDescription): void {
    const found = (key: string) => params.find((entry) => entry.key === key)?.value;
    const metric = METRIC_TYPES[this.#spec.metric];
    if (found('index_type') === this.#kind.type && found('metric_type') === metric) return;
    throw new FailureError(`the index is not the one asked for (${this.#kind.type} under ${metric})`, {
      where: 'milvus',
      got: params,
    });
  }

  async #inMemory(): Promise<true | undefined> {
    const { progress } = await ask('load', this.#client.getLoadingProgress(this.#about));
    return Number(progress) === 100 || undefined;
  }

  /** Segments that answer queries, once all are sealed. Throws FailureError if one of them has no index. */
  async #served(): Promise<readonly SegmentInfo[] | undefined> {
    const { infos } = await ask('load', this.#client.getQuerySegmentInfo({ collectionName: this.#name }));
    const rows = infos.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
    if (rows < this.#loaded || infos.some(({ state }) => state !== 'Sealed')) return undefined;
    if (this.#spec.index['type'] === 'flat') return infos;
    const bare = infos.filter(({ index_name }) => index_name !== INDEX_NAME);
    if (bare.length === 0) return infos;
    throw new FailureError(
      `${bare.length} of ${infos.length} segments have no index and would be scanned (${bare[0]!.num_rows} rows)`,
      {
        where: 'milvus',
        next: 'set indexCoord.segment.minSegmentNumRowsToEnableIndex of the server below the number of points',
      },
    );
  }

  async prepare(search: ParameterSet, k: number): Promise<PreparedSearch> {
    const segments = await this.#served();
    if (segments === undefined) {
      throw new FailureError('points are not sealed: ready() has to be called first', { where: 'milvus' });
    }
    return prepareSearch(this.#client, this.#name, this.#spec, search, k);
  }

  async count(): Promise<number> {
    const { data } = await ask('count', this.#client.count({ ...this.#about, consistency_level: 'Strong' }));
    return data;
  }

  /** The server does not tell a client how large an index is; see the size of its data volume. */
  async indexBytes(): Promise<undefined> {
    return undefined;
  }

  async drop(): Promise<void> {
    await command('drop the collection', this.#client.dropCollection(this.#about));
  }

  get #about(): { collection_name: string } {
    return { collection_name: this.#name };
  }
}
