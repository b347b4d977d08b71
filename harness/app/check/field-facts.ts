import { formatTimestamp } from '../../../common/timestamps.js';
import type { FieldSchema, MetadataColumns, MetadataValue } from '../../../datasets/dataset.js';
import { hashOfText } from '../../../datasets/hash-table.js';
import type { FieldFacts } from './types.js';

/** Different values that are told apart; beyond, there are "more". */
const MOST_DISTINCT = 1000;

/** Counts nulls and values of every field, batch by batch. */
export class FieldCounter {
  readonly #counters: OneField[];

  constructor(fields: readonly FieldSchema[]) {
    this.#counters = fields.map((field) => new OneField(field));
  }

  add(metadata: MetadataColumns): void {
    for (const counter of this.#counters)
      for (const value of metadata[counter.field.name] ?? []) counter.add(value);
  }

  facts(): FieldFacts[] {
    return this.#counters.map((counter) => counter.facts());
  }
}

class OneField {
  readonly field: FieldSchema;
  #nulls = 0;
  readonly #distinct = new Set<string>();
  #more = false;
  #least: number | bigint | undefined;
  #greatest: number | bigint | undefined;

  constructor(field: FieldSchema) {
    this.field = field;
  }

  add(value: MetadataValue): void {
    if (value === null) {
      this.#nulls++;
      return;
    }
    // Hashes, so that long texts are not kept.
    const text = Array.isArray(value) ? value.map(String).join('\u0000') : String(value);
    if (this.#distinct.size < MOST_DISTINCT) this.#distinct.add(hashOfText(text).join());
    else if (!this.#more && !this.#distinct.has(hashOfText(text).join())) this.#more = true;
    if (typeof value !== 'number' && typeof value !== 'bigint') return;
    if (this.#least === undefined || value < this.#least) this.#least = value;
    if (this.#greatest === undefined || value > this.#greatest) this.#greatest = value;
  }

  facts(): FieldFacts {
    const { name, type } = this.field;
    return {
      name,
      type,
      nulls: this.#nulls,
      distinct: { count: this.#distinct.size, atLeast: this.#more },
      ...(this.#least !== undefined && { least: this.#text(this.#least) }),
      ...(this.#greatest !== undefined && { greatest: this.#text(this.#greatest) }),
    };
  }

  #text(value: number | bigint): string {
    if (this.field.type !== 'timestamp') return String(value);
    try {
      return formatTimestamp(BigInt(value));
    } catch {
      // Years beyond 9999 have no such form.
      return `${value} microseconds since 1970`;
    }
  }
}
