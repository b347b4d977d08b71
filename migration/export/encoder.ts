import { hash } from 'node:crypto';
import type { PointColumns } from '../../engines/contract/columns.js';
import type { PointShape } from './canonical.js';
import { CanonicalRows } from './column-bytes.js';
import { countColumns } from './column-tally.js';
import type { PartShape } from './columns.js';
import { ParquetPartWriter } from './part-writer.js';
import { RowSum, type SumOfRows } from './row-hash.js';
import { emptyTally, type Tally } from './tally.js';
import type { WrittenPart } from './written-part.js';

/** A finished part, and what was counted in it. */
export interface EncodedPart extends WrittenPart, SumOfRows {
  tally: Tally;
}

/** What decides a part, and stays the same in all of it. */
export interface PartOrder {
  path: string;
  shape: PartShape;
  points: PointShape;
}

/** Hashes, counts and writes the columns of one part. */
export class ColumnEncoder {
  readonly #points: PointShape;
  readonly #sum = new RowSum();
  readonly #tally = emptyTally();
  readonly #writer: ParquetPartWriter;

  constructor({ path, shape, points }: PartOrder) {
    this.#points = points;
    this.#writer = new ParquetPartWriter(path, shape, points);
  }

  /** A row group. */
  add(columns: PointColumns): void {
    const rows = new CanonicalRows(this.#points, columns);
    for (let row = 0; row < columns.count; row++) this.#sum.addBytes(hash('sha256', rows.row(row), 'binary'));
    countColumns(this.#tally, this.#points, this.#writer.columns, columns);
    this.#writer.writeColumns(columns);
  }

  finish(): EncodedPart {
    return { ...this.#sum.result(), ...this.#writer.finish(), tally: this.#tally };
  }

  /** Removes what was written. */
  discard(): void {
    this.#writer.discard();
  }
}
