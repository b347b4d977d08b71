import type { Point } from '../../engines/contract/points.js';
import type { VectorValue } from '../../engines/contract/vectors.js';
import { isMulti, isSparse } from '../../engines/kit/vectors.js';
import { idType } from '../export/canonical.js';
import { type Met, meet, met } from './examples.js';
import type { Place } from './place.js';

/** What came of asking for points again by their ids. */
export interface ById {
  asked: number;
  found: number;
  /** Points with every vector that the scan gave for them. */
  withVector: number;
  /** Points whose vectors are others than those of the scan. */
  differing: Met;
}

/** Asks for scanned points by their ids: an index of ids that is broken shows here, and nowhere else. */
export class ByIdReader {
  readonly #place: Place;
  readonly result: ById = { asked: 0, found: 0, withVector: 0, differing: met() };

  constructor(place: Place) {
    this.#place = place;
  }

  async read(points: readonly Point[]): Promise<void> {
    if (points.length === 0) return;
    const { shape } = this.#place;
    const scanned = new Map(points.map((point) => [point.id, point]));
    const ids = [...scanned.keys()].map((id) => ({ id, type: idType(shape, id) }));
    const found = await this.#place.get(ids);
    this.result.asked += ids.length;
    for (const point of found) {
      const before = scanned.get(point.id);
      // What was not asked for is no answer.
      if (before === undefined) continue;
      scanned.delete(point.id);
      this.result.found++;
      const names = Object.keys(before.vectors);
      if (names.some((name) => point.vectors[name] === undefined)) continue;
      this.result.withVector++;
      if (names.some((name) => !sameVector(before.vectors[name]!, point.vectors[name]!)))
        meet(this.result.differing, String(point.id));
    }
  }
}

/** Bit for bit. */
export function sameVector(a: VectorValue, b: VectorValue): boolean {
  return bytesOf(a).equals(bytesOf(b));
}

/** Bytes by which vectors of one field are told apart. */
export function bytesOf(value: VectorValue): Buffer {
  if (isSparse(value)) return Buffer.concat([raw(value.indices), raw(value.values)]);
  return isMulti(value) ? raw(value.values) : raw(value);
}

function raw({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
