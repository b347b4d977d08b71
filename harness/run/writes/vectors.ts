import type { PreparedVectors } from '../../../datasets/dataset.js';
import type { PlannedWrite } from './plan.js';

/** How far a written vector lies from its first row towards its second one. */
const SHARE = { insert: 0.2, update: 0.5 } as const;

/**
 * The vectors of a pass that changes its collection. One that is written is made by rule of two rows of the dataset, which
 * the seed chooses: a + s(b - a) in float32, with s = .2 for an insert (a new point beside a) and .5 for an update of a.
 */
export class WrittenVectors {
  readonly #vectors: PreparedVectors;
  readonly #byRow: ReadonlyMap<number, PlannedWrite>;
  readonly #other: Float32Array;

  constructor(vectors: PreparedVectors, writes: readonly PlannedWrite[]) {
    this.#vectors = vectors;
    this.#byRow = new Map(writes.map((write) => [write.row, write]));
    this.#other = new Float32Array(vectors.dimensions);
  }

  /** The write of a row; undefined: it stays as it was loaded. */
  writeOf(row: number): PlannedWrite | undefined {
    return this.#byRow.get(row);
  }

  /** As a row was loaded. Each has a buffer of its own. */
  loaded(row: number): Float32Array {
    const vector = new Float32Array(this.#vectors.dimensions);
    this.#vectors.read(row, 1, vector);
    return vector;
  }

  /** As an insert or update leaves it. */
  written({ kind, row, from }: PlannedWrite): Float32Array {
    if (kind === 'metadata') return this.loaded(row);
    if (from === undefined || kind === 'delete') throw new Error(`nothing is written of row ${row}`);
    const vector = this.loaded(from[0]);
    this.#vectors.read(from[1], 1, this.#other);
    const share = SHARE[kind];
    for (let i = 0; i < vector.length; i++) vector[i] = vector[i]! + share * (this.#other[i]! - vector[i]!);
    return vector;
  }
}
