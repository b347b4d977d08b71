import { FailureError } from '../../common/errors.js';
import { abortable } from '../kit/load.js';
import { askUntil } from '../kit/poll.js';
import { ask, command, type IndexDescription, type MilvusClient, type SegmentInfo } from './client.js';
import { columnName, indexOf } from './fields.js';
import { type IndexKind, indexKind, METRIC_TYPES, ofOthers } from './index-kind.js';
import type { Layout } from './layout.js';

/** An index of one column of vectors. */
interface VectorIndex {
  column: string;
  kind: IndexKind;
  metric: string;
}

/** The steps from inserted rows to an index in memory; each is asked for until the server says it is done. */
export class Build {
  readonly kind: IndexKind;
  readonly payloadIndexes: readonly { name: string; index_type: string }[];
  readonly #client: MilvusClient;
  readonly #layout: Layout;
  readonly #indexes: readonly VectorIndex[];
  #made = false;

  constructor(client: MilvusClient, layout: Layout) {
    const { vectors, columns, index } = layout;
    this.#client = client;
    this.#layout = layout;
    this.#indexes = vectors.map((field, i) => ({
      column: columns.get(field.name)!,
      kind: i === 0 ? indexKind(index, field) : ofOthers(field),
      metric: METRIC_TYPES[field.metric ?? 'dot'],
    }));
    this.kind = this.#indexes[0]!.kind;
    this.payloadIndexes = payloadIndexes(layout);
  }

  get #about(): { collection_name: string } {
    return { collection_name: this.#layout.name };
  }

  async flush(signal: AbortSignal): Promise<void> {
    const flush = ask('flush', this.#client.flush({ collection_names: [this.#layout.name] }));
    const { coll_segIDs } = await abortable(flush, signal);
    const segmentIDs = Object.values(coll_segIDs).flatMap(({ data }) => data);
    await askUntil(async () => {
      const { flushed } = await ask('flush', this.#client.getFlushState({ segmentIDs }));
      return flushed || undefined;
    }, signal);
  }

  /** Asking for the same index again is answered with success and changes nothing. */
  async index(signal: AbortSignal): Promise<void> {
    if (this.#made) return;
    for (const { column, kind, metric } of this.#indexes) {
      const options = {
        ...this.#about,
        field_name: column,
        index_name: nameOf(column),
        index_type: kind.type,
        metric_type: metric,
        params: kind.params,
      };
      await abortable(command('create the index', this.#client.createIndex(options)), signal);
    }
    for (const { name, index_type } of this.payloadIndexes) {
      const column = columnName(name);
      const scalar = { ...this.#about, field_name: column, index_name: nameOf(column), index_type };
      await abortable(command(`create the index of ${name}`, this.#client.createIndex(scalar)), signal);
    }
    this.#made = true;
  }

  /**
   * The first index once all cover all rows. Before that the state alone says nothing: it is "Finished" over no rows, too.
   * @param rows undefined: as many as the server has
   */
  async indexed(rows: number | undefined): Promise<IndexDescription | undefined> {
    const { index_descriptions } = await ask('build the index', this.#client.describeIndex(this.#about));
    const first = this.#indexes[0]!;
    const index = index_descriptions.find(({ field_name }) => field_name === first.column);
    const reason = index?.index_state_fail_reason;
    if (index === undefined || index.state === 'Failed' || reason) {
      throw new FailureError(`the index cannot be built: ${reason || 'it is gone'}`, {
        where: `milvus: ${this.kind.type}`,
      });
    }
    requireKind(index, first);
    const complete = index_descriptions.every(
      ({ state, indexed_rows, pending_index_rows, total_rows }) =>
        state === 'Finished' &&
        (rows === undefined ? Number(indexed_rows) >= Number(total_rows) : Number(indexed_rows) === rows) &&
        Number(pending_index_rows) === 0,
    );
    const expected = this.#indexes.length + this.payloadIndexes.length;
    return complete && index_descriptions.length === expected ? index : undefined;
  }

  /** Segments that answer queries, once all are sealed. Throws FailureError if one of them has no index. */
  async served(rows: number): Promise<readonly SegmentInfo[] | undefined> {
    const { name, index } = this.#layout;
    const { infos } = await ask('load', this.#client.getQuerySegmentInfo({ collectionName: name }));
    const found = infos.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
    if (found < rows || infos.some(({ state }) => state !== 'Sealed')) return undefined;
    if (index['type'] === 'flat') return infos;
    const names = this.#indexes.map(({ column }) => nameOf(column));
    const bare = infos.filter(({ index_name }) => !names.includes(index_name));
    if (bare.length === 0) return infos;
    throw new FailureError(
      `${bare.length} of ${infos.length} segments have no index and would be scanned (${bare[0]!.num_rows} rows)`,
      {
        where: 'milvus',
        next: 'set indexCoord.segment.minSegmentNumRowsToEnableIndex of the server below the number of points',
      },
    );
  }
}

/** Brings a collection into the memory of the query node; one that is there stays. */
export async function loadCollection(client: MilvusClient, name: string, signal: AbortSignal): Promise<void> {
  const about = { collection_name: name };
  await abortable(command('load', client.loadCollectionAsync(about)), signal);
  await askUntil(async () => {
    const { progress } = await ask('load', client.getLoadingProgress(about));
    return Number(progress) === 100 || undefined;
  }, signal);
}

const nameOf = (column: string): string => `${column}_index`;

/** Fields whose columns get an index for filters. */
function payloadIndexes({ index, fields }: Layout): { name: string; index_type: string }[] {
  if (index['payloadIndex'] !== true) return [];
  return fields.flatMap(({ name, type }) => {
    const index_type = indexOf(type);
    return index_type === undefined ? [] : [{ name, index_type }];
  });
}

function requireKind({ params }: IndexDescription, { kind, metric }: VectorIndex): void {
  const found = (key: string) => params.find((entry) => entry.key === key)?.value;
  if (found('index_type') === kind.type && found('metric_type') === metric) return;
  throw new FailureError(`the index is not the one asked for (${kind.type} under ${metric})`, {
    where: 'milvus',
    got: params,
  });
}
