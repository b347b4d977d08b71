import { FailureError, shorten } from '../../common/errors.js';
import type { Filter } from '../../filters/filter.js';
import type { PointId } from '../contract/ids.js';
import type { Description, Metadata, Point, PointChange, Points, Snapshot } from '../contract/points.js';
import type { SparseVector } from '../contract/vectors.js';
import { checkIds, checkPoints, flatten, lastOfEachId, nest } from '../kit/check.js';
import { requireFields } from '../kit/load.js';
import { describedAs } from '../kit/read-as.js';
import { batchOf } from './batch.js';
import { ask } from './client.js';
import { literal, translateFilter } from './filter.js';
import { insertBatch } from './insert.js';
import type { Layout } from './layout.js';
import { converter } from './partitions.js';
import { queryPoints } from './query.js';
import { readLayout } from './read-layout.js';
import type { MilvusSession } from './session.js';
import { MilvusSnapshot, pageSize } from './snapshot.js';
import { whyNotSparse } from './vectors.js';

const MAX_IDS = 1000;
/** The largest key of all: queries end before it (2.3.5), searches and count(*) do not. */
const LOST_ID = 2n ** 63n - 1n;
const NEVER = new AbortController().signal;

/** What a collection does for its points. */
export interface Host {
  /** Brings it into the memory of the server, without which it answers nothing. */
  serve(): Promise<void>;
  /** Told before anything is written. */
  written(): void;
  count(): Promise<number>;
}

export class MilvusPoints implements Points {
  readonly #session: MilvusSession;
  readonly #layout: Layout;
  readonly #host: Host;

  constructor(session: MilvusSession, layout: Layout, host: Host) {
    this.#session = session;
    this.#layout = layout;
    this.#host = host;
  }

  async upsert(points: readonly Point[], signal: AbortSignal = NEVER): Promise<void> {
    signal.throwIfAborted();
    const { own, name } = this.#layout;
    if (!own) {
      throw new FailureError(`collection "${name}" was not made by vecproof: it is only read`, {
        where: 'milvus',
      });
    }
    // Of two rows with one key in a request the server would keep both.
    const last = lastOfEachId(points);
    this.#check(last);
    this.#host.written();
    const { client } = this.#session;
    const target = { client, layout: this.#layout, method: 'Upsert' } as const;
    await insertBatch(target, batchOf(this.#layout, last), signal);
  }

  #check(points: readonly Point[]): void {
    const { vectors } = this.#layout;
    checkPoints(this.#session.holder, this.#layout, points);
    if (points.some(({ id }) => id === LOST_ID)) {
      throw new FailureError(`the server takes id ${LOST_ID} and then finds it in no query`, {
        where: 'milvus',
      });
    }
    for (const { name } of vectors.filter(({ kind }) => kind === 'sparse')) {
      for (const { id, vectors: given } of points) {
        const why = whyNotSparse(given[name] as SparseVector);
        if (why === undefined) continue;
        throw new FailureError(`vector "${name}" of id ${shorten(id)} ${why}`, { where: 'milvus' });
      }
    }
  }

  async get(ids: readonly PointId[]): Promise<Point[]> {
    checkIds(this.#session.holder, this.#layout.ids, ids);
    await this.#host.serve();
    const found = new Map<PointId, Point>();
    const asked = [...new Set(ids)];
    const size = Math.min(MAX_IDS, pageSize(this.#layout));
    for (let from = 0; from < asked.length; from += size) {
      const part = asked.slice(from, from + size);
      const options = { expr: this.#among(part), limit: part.length };
      const { points } = await queryPoints(this.#session.client, this.#layout, options);
      const convert = converter(this.#session.client, this.#layout);
      for (const point of await convert(points, { limit: part.length })) found.set(point.id, point);
    }
    return ids.flatMap((id) => found.get(id) ?? []);
  }

  #among(ids: readonly PointId[]): string {
    return `${this.#layout.key} in [${ids.map((id) => literal('integer', id)).join(', ')}]`;
  }

  async delete(ids: readonly PointId[]): Promise<void> {
    const { own, name } = this.#layout;
    if (!own) throw new FailureError(`collection "${name}" was not made by vecproof: it is only read`);
    checkIds(this.#session.holder, this.#layout.ids, ids);
    await this.#host.serve();
    this.#host.written();
    for (let from = 0; from < ids.length; from += MAX_IDS) {
      const filter = this.#among(ids.slice(from, from + MAX_IDS));
      const request = { collection_name: this.#layout.name, filter };
      await ask('delete', this.#session.client.delete(request));
    }
  }

  /** Read, changed and written: the server replaces whole points alone. */
  async update({ id, vectors = {}, set, unset = [], text, uri }: PointChange): Promise<void> {
    const [before] = await this.get([id]);
    if (before === undefined)
      throw new FailureError(`there is no point ${shorten(id)}`, { where: 'milvus: update' });
    const kept = { ...before.metadata };
    for (const name of Object.keys(set ?? {})) delete kept[name];
    const flat = { ...flatten(kept), ...flatten(set ?? {}) };
    for (const name of unset) {
      for (const each of Object.keys(flat))
        if (each === name || each.startsWith(`${name}.`)) delete flat[each];
    }
    const changed: Point = {
      ...before,
      vectors: { ...before.vectors, ...vectors },
      metadata: nest(flat) as Metadata,
      ...(text !== undefined && { text }),
      ...(uri !== undefined && { uri }),
    };
    await this.upsert([changed]);
  }

  /** The time is that of a first answer; servers before 2.4 give none, and each page is what is there then. */
  async snapshot(): Promise<Snapshot> {
    await this.#host.serve();
    const { client } = this.#session;
    const { timestamp } = await queryPoints(client, this.#layout, { expr: '', limit: 1, iterator: true });
    return new MilvusSnapshot(client, this.#layout, Number(timestamp) > 0 ? timestamp : null);
  }

  async matching(filter: Filter): Promise<number> {
    const { name, fields } = this.#layout;
    requireFields('milvus', filter, fields);
    await this.#host.serve();
    const expr = translateFilter(filter, this.#layout);
    const asked = { collection_name: name, expr, consistency_level: 'Strong' };
    return (await ask('count', this.#session.client.count(asked))).data;
  }

  async describe(): Promise<Description> {
    const { name, as } = this.#layout;
    const { described } = await readLayout(this.#session.client, name, as);
    return describedAs(as, { ...described, count: await this.#host.count() });
  }
}
