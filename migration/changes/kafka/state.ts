import { type Entry, isRow } from './entries.js';
import type { Placed } from './reader.js';

/**
 * What follows from a topic's entries up to `next`, the same for everybody who has read as far: which mutation was first
 * with its idempotency key, where consumers began, and switches.
 */
export class TopicState {
  /** First offset that is not in it. */
  next: bigint;
  readonly #firsts = new Map<string, bigint>();
  readonly begun = new Map<string, { after: bigint; floor: bigint }>();
  readonly flags = new Map<string, string>();
  /** Switches that were to be set if they had a value that they had no more. */
  readonly #refused = new Set<bigint>();

  constructor(next: bigint) {
    this.next = next;
  }

  learn(entries: readonly Placed[]): void {
    for (const { offset, entry } of entries) {
      if (offset !== this.next) continue;
      this.next++;
      if (entry !== undefined) this.#learnOne(offset, entry);
    }
  }

  #learnOne(offset: bigint, entry: Entry): void {
    if (isRow(entry)) {
      if (!this.#firsts.has(entry.idempotencyKey)) this.#firsts.set(entry.idempotencyKey, offset);
    } else if (entry.kind === 'begin') {
      const { consumer, after, floor } = entry;
      if (!this.begun.has(consumer)) this.begun.set(consumer, { after, floor });
    } else if (entry.kind === 'flag') {
      const { name, value, was } = entry;
      if (was === undefined || (this.flags.get(name) ?? null) === was) this.flags.set(name, value);
      else this.#refused.add(offset);
    } else if (entry.kind === 'kept') {
      for (const [consumer, { after, floor }] of Object.entries(entry.begun))
        if (!this.begun.has(consumer))
          this.begun.set(consumer, { after: BigInt(after), floor: BigInt(floor) });
      for (const [name, value] of Object.entries(entry.flags))
        if (!this.flags.has(name)) this.flags.set(name, value);
    }
  }

  /** Whether a switch that was to be set at this offset was. */
  isSet(offset: bigint): boolean {
    return !this.#refused.has(offset);
  }

  /** Offset of the first mutation with this key. */
  firstOf(idempotencyKey: string): bigint | undefined {
    return this.#firsts.get(idempotencyKey);
  }

  /** Whether it is one for those who follow the log: a marker, or a mutation that was not sent before. */
  isChange({ offset, entry }: Placed): boolean {
    if (entry === undefined) return false;
    return entry.kind === 'marker' || (isRow(entry) && this.#firsts.get(entry.idempotencyKey) === offset);
  }

  /** Everything that entries before an offset may have said and that has to stay. */
  kept(): Entry {
    const begun = [...this.begun].map(([consumer, { after, floor }]) => [
      consumer,
      { after: String(after), floor: String(floor) },
    ]);
    return { kind: 'kept', begun: Object.fromEntries(begun), flags: Object.fromEntries(this.flags) };
  }
}
