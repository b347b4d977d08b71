import type { FieldType } from '../../datasets/dataset.js';
import { ColumnStore } from '../../filters/columns.js';
import { compile } from '../../filters/compile.js';
import type { Filter } from '../../filters/filter.js';
import { ALL_TYPES, ARRAY_TYPES, type FilterSupport, SCALAR_TYPES } from '../../filters/support.js';
import type { MetadataSupport } from '../contract/points.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';

const IN_MEMORY = 'kept beside the index by the adapter';

export const METADATA: MetadataSupport = {
  types: Object.fromEntries(ALL_TYPES.map((type) => [type, IN_MEMORY])) as Record<FieldType, string>,
  absence: 'null',
  nested: 'flattened',
  emptyArrays: 'kept',
  undeclared: 'refused',
};

export const FILTERS: FilterSupport = {
  operators: {
    eq: SCALAR_TYPES,
    ne: SCALAR_TYPES,
    gt: SCALAR_TYPES,
    gte: SCALAR_TYPES,
    lt: SCALAR_TYPES,
    lte: SCALAR_TYPES,
    in: SCALAR_TYPES,
    nin: SCALAR_TYPES,
    exists: ALL_TYPES,
    contains: ARRAY_TYPES,
    containsAny: ARRAY_TYPES,
    containsAll: ARRAY_TYPES,
    startsWith: ['string'],
    like: ['string'],
    and: [],
    or: [],
    not: [],
  },
  refused: {},
};

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
    this.#columns = fields === undefined ? undefined : new ColumnStore(fields);
  }

  add({ count, keys, metadata }: LoadBatch): void {
    if (this.#columns === undefined) return;
    this.#columns.add(count, metadata ?? {});
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
