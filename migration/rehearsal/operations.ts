import type { PointId } from '../../engines/contract/ids.js';
import type { Point } from '../../engines/contract/points.js';
import { newId, type RehearsalData } from './data.js';
import { type Ledger, REVISION } from './ledger.js';
import type { Recorded, RecordedChange } from './recorded.js';

export const OPERATION_KINDS = ['insert', 'text', 'metadata', 'vector', 'delete'] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];
/** Shares of the writes; they need not add up to one. */
export type Mix = Readonly<Record<OperationKind, number>>;
export const DEFAULT_MIX: Mix = { insert: 3, text: 2, metadata: 2, vector: 2, delete: 1 };

export interface Operation {
  number: number;
  kind: OperationKind | 'embedding';
  id: PointId;
  /** The whole row as it is to be; null: it is deleted. */
  point: Point | null;
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * By how much of its length one number of a vector changes: enough to be told apart and little enough to be of the same
 * model (cosine above .999).
 */
const CHANGED = 0.02;

/** Makes up what an application writes: each row as it is to be after the write, with the number of the write in it. */
export class Operations {
  readonly #data: RehearsalData;
  readonly #ledger: Ledger;
  readonly #random: () => number;
  readonly #mix: Mix;
  readonly #recorded: Recorded;
  #number = 0;
  /** Of recorded changes: those that wait for an earlier one of their row, and the next one of the file. */
  #waiting: RecordedChange[] = [];
  #at = 0;
  #asked = 0;

  constructor(data: RehearsalData, ledger: Ledger, seed: number, mix: Mix, recorded: Recorded = {}) {
    this.#data = data;
    this.#ledger = ledger;
    this.#random = randomNumbers(seed);
    this.#mix = mix;
    this.#recorded = recorded;
  }

  get random(): () => number {
    return this.#random;
  }

  /** @param busy ids of which a write is under way: the order of the others would not be known */
  next(busy: ReadonlySet<PointId>): Operation {
    if (this.#recorded.changes !== undefined) return this.#nextRecorded(this.#recorded.changes, busy);
    const free = this.#ledger.live().filter((id) => !busy.has(id));
    const kind = free.length < 20 ? 'insert' : this.#kind();
    if (kind === 'insert') return this.insert();
    return this.change(kind, free[Math.floor(this.#random() * free.length)]!);
  }

  /** The changes of one row in their order; behind the last one it begins again. */
  #nextRecorded(changes: readonly RecordedChange[], busy: ReadonlySet<PointId>): Operation {
    const passed = new Set<PointId>(busy);
    for (const [at, change] of this.#waiting.entries()) {
      if (!passed.has(change.id)) {
        this.#waiting.splice(at, 1);
        return this.#again(change);
      }
      passed.add(change.id);
    }
    for (let tried = 0; tried < changes.length; tried++) {
      const change = changes[this.#at++ % changes.length]!;
      if (!passed.has(change.id)) return this.#again(change);
      passed.add(change.id);
      this.#waiting.push(change);
    }
    // All of them are of rows that are being written at the moment.
    return this.insert();
  }

  #again(change: RecordedChange): Operation {
    const number = ++this.#number;
    const { id } = change;
    if (change.kind === 'delete') return { number, kind: 'delete', id, point: null };
    const { vectors, metadata, ...patch } = change.patch;
    // A row that was deleted, and is changed again in another round, needs something to be made of.
    const before = this.#ledger.latest(id) ?? { ...this.#data.points[0]!, id };
    const point: Point = {
      ...before,
      ...patch,
      vectors: { ...before.vectors, ...vectors },
      metadata: { ...before.metadata, ...metadata, [REVISION]: number },
    };
    return { number, kind: 'metadata', id, point };
  }

  /** How far recorded changes have come, in words; undefined: there are none. */
  get recordedWords(): string | undefined {
    const { changes, queries } = this.#recorded;
    const words = [
      ...(changes === undefined ? [] : [`${this.#at} changes of ${changes.length} recorded ones`]),
      ...(queries === undefined ? [] : [`${this.#asked} reads with ${queries.length} recorded queries`]),
    ];
    return words.length === 0 ? undefined : words.join(', ');
  }

  insert(): Operation {
    const number = ++this.#number;
    const { points, spec } = this.#data;
    const like = points[Math.floor(this.#random() * points.length)]!;
    const id = newId(spec.ids, number);
    return { number, kind: 'insert', id, point: this.#revised({ ...like, id }, number, CHANGED) };
  }

  /** @param kind of a row that is there */
  change(kind: Exclude<OperationKind, 'insert'> | 'embedding', id: PointId): Operation {
    const number = ++this.#number;
    if (kind === 'delete') return { number, kind, id, point: null };
    const before = this.#ledger.latest(id) ?? { ...this.#data.points[0]!, id };
    const withText = kind === 'text' && this.#data.spec.text === true;
    const point = withText ? { ...before, text: `text as of write ${number}` } : before;
    if (kind === 'embedding')
      return { number, kind, id, point: this.#revised(this.#embeddedAnew(point), number, CHANGED) };
    return { number, kind, id, point: this.#revised(point, number, kind === 'vector' ? CHANGED : 0) };
  }

  /** A query that finds what is there. */
  query(): Float32Array {
    const { queries } = this.#recorded;
    if (queries !== undefined) return queries[this.#asked++ % queries.length]!;
    const { points, vector } = this.#data;
    return points[Math.floor(this.#random() * points.length)]!.vectors[vector] as Float32Array;
  }

  #kind(): OperationKind {
    const total = OPERATION_KINDS.reduce((sum, kind) => sum + this.#mix[kind], 0);
    let at = this.#random() * total;
    for (const kind of OPERATION_KINDS) {
      at -= this.#mix[kind];
      if (at < 0) return kind;
    }
    return 'metadata';
  }

  /** As another model would: vectors lie to each other as they did, and have nothing to do with those of the first one. */
  #embeddedAnew(point: Point): Point {
    const { vector } = this.#data;
    const values = (point.vectors[vector] as Float32Array).toReversed();
    return { ...point, vectors: { ...point.vectors, [vector]: values } };
  }

  #revised(point: Point, number: number, by: number): Point {
    const metadata = { ...point.metadata, [REVISION]: number };
    if (by === 0) return { ...point, metadata };
    const { vector } = this.#data;
    const values = Float32Array.from(point.vectors[vector] as Float32Array);
    const at = Math.floor(this.#random() * values.length);
    const length = Math.hypot(...values) || 1;
    values[at] = values[at]! + length * by * (1 + 0.5 * this.#random());
    return { ...point, metadata, vectors: { ...point.vectors, [vector]: values } };
  }
}
