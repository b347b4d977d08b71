import type { Point } from '../../engines/contract/points.js';
import type { PointShape } from './canonical.js';
import type { PartShape } from './columns.js';
import type { FieldTypes } from './field-types.js';
import { openPartWriter } from './part-files.js';
import { groupRows } from './part-writer.js';
import { pointBytes, RowSum } from './row-hash.js';
import { countPoint, emptyTally } from './tally.js';
import type { PartWriter } from './written-part.js';

/** A part that is being written: points wait until they make a row group. */
export class OpenPart {
  readonly #path: string;
  readonly #shapeNow: () => PartShape;
  readonly #points: PointShape;
  readonly #types: FieldTypes;
  readonly #sum = new RowSum();
  /** Of this part alone: one that a crash cuts off is counted again. */
  readonly #tally = emptyTally();
  #waiting: Point[] = [];
  #writer: PartWriter | undefined;
  #size = 1;
  rows = 0;

  constructor(path: string, shapeNow: () => PartShape, points: PointShape, types: FieldTypes) {
    this.#path = path;
    this.#types = types;
    this.#shapeNow = shapeNow;
    this.#points = points;
    this.#size = groupRows(points);
  }

  async add(points: readonly Point[]): Promise<void> {
    this.#waiting.push(...points);
    this.rows += points.length;
    while (this.#waiting.length >= this.#size) await this.#flush();
  }

  async #flush(): Promise<void> {
    const points = this.#waiting.splice(0, this.#size);
    // A file has one schema: fields that come up in a later row group get their column with the next part.
    if (this.#writer === undefined) this.#types.meet(points);
    this.#writer ??= openPartWriter(this.#path, this.#shapeNow(), this.#points);
    const columns = this.#writer.columns;
    for (const point of points) {
      this.#sum.addBytes(pointBytes(this.#points, point));
      countPoint(this.#tally, this.#points, columns, point);
    }
    await this.#writer.write(points);
  }

  async finish() {
    while (this.#waiting.length > 0) await this.#flush();
    return { ...this.#sum.result(), ...(await this.#writer!.finish()), tally: this.#tally };
  }

  discard(): void {
    this.#writer?.discard();
  }
}
