import { ColumnStore } from '../../filters/columns.js';
import { compile } from '../../filters/compile.js';
import type { Filter } from '../../filters/filter.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';
import { withNulls } from '../kit/load.js';
import { rowNumbers } from '../kit/vectors.js';

/** A filter as the engine takes it: asked for every point that the walk over the graph meets. */
export interface LabelFilter {
  passes(label: number): boolean;
  /** Points that pass. */
  count: number;
}

/** Metadata of the points. The engine knows labels only: which of them pass is settled before the search. */
export class Labels {
  readonly #columns: ColumnStore | undefined;
  /** In the order of the columns. */
  readonly #labels: number[] = [];
  #largest = 0;

  constructor({ fields }: CollectionSpec) {
    this.#columns = fields.length === 0 ? undefined : new ColumnStore(fields);
  }

  add(batch: LoadBatch): void {
    if (this.#columns === undefined) return;
    const { count } = batch;
    const keys = rowNumbers('hnswlib', batch);
    this.#columns.add(count, withNulls(batch));
    for (let row = 0; row < count; row++) {
      this.#labels.push(keys[row]!);
      this.#largest = Math.max(this.#largest, keys[row]!);
    }
  }

  translate(filter: Filter): LabelFilter {
    const passing = compile(filter, this.#columns ?? new ColumnStore([])).rows();
    const flags = new Uint8Array(this.#largest + 1);
    for (const row of passing) flags[this.#labels[row]!] = 1;
    return { passes: (label) => flags[label] === 1, count: passing.length };
  }
}
