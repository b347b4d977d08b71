import type { PointColumns } from '../../engines/contract/columns.js';
import { joinColumns } from '../../engines/kit/join-columns.js';
import type { PointShape } from './canonical.js';
import type { PartShape } from './columns.js';
import type { EncodedPart } from './encoder.js';
import type { Encoders, Encoding } from './encoders.js';
import type { FieldTypes } from './field-types.js';
import { groupRows } from './part-writer.js';

/** A part that is being written from columns: pages wait until they make a row group. */
export class ColumnPart {
  readonly #path: string;
  readonly #shapeNow: () => PartShape;
  readonly #points: PointShape;
  readonly #types: FieldTypes;
  readonly #encoders: Encoders;
  readonly #size: number;
  #waiting: PointColumns[] = [];
  #encoding: Encoding | undefined;
  #waitingRows = 0;
  rows = 0;

  constructor(
    path: string,
    shapeNow: () => PartShape,
    points: PointShape,
    types: FieldTypes,
    encoders: Encoders,
  ) {
    this.#path = path;
    this.#types = types;
    this.#shapeNow = shapeNow;
    this.#points = points;
    this.#encoders = encoders;
    this.#size = groupRows(points);
  }

  async add(columns: PointColumns): Promise<void> {
    this.#waiting.push(columns);
    this.#waitingRows += columns.count;
    this.rows += columns.count;
    if (this.#waitingRows >= this.#size) await this.#flush();
  }

  async #flush(): Promise<void> {
    const columns = joinColumns(this.#waiting, this.#points.vectors);
    this.#waiting = [];
    this.#waitingRows = 0;
    // A file has one schema: fields that come up in a later row group get their column with the next part.
    if (this.#encoding === undefined) this.#types.meetColumns(columns);
    this.#encoding ??= this.#encoders.open({
      path: this.#path,
      shape: this.#shapeNow(),
      points: this.#points,
    });
    await this.#encoding.add(columns);
  }

  async finish(): Promise<EncodedPart> {
    if (this.#waitingRows > 0) await this.#flush();
    return this.#encoding!.finish();
  }

  async discard(): Promise<void> {
    await this.#encoding?.discard();
  }
}
