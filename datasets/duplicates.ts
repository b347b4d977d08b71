import { InputError } from '../common/errors.js';
import type { Dataset } from './dataset.js';

/**
 * Finds repeated ids among millions without keeping them: only 64-bit hashes are held, 16 to 32 bytes per
 * point in an open-addressing table. Equal hashes are a suspicion, which a second pass over the ids confirms or clears.
 * Ids that are just the row numbers cost nothing.
 */
export class DuplicateFinder {
  private readonly capacity: number;
  private low = new Uint32Array(0);
  private high = new Uint32Array(0);
  private mask = 0;
  private row = 0;
  private implicit = true;
  private readonly suspects = new Set<string>();

  /** @param count number of ids that will come */
  constructor(count: number) {
    this.capacity = count;
  }

  add(ids: readonly string[]): void {
    for (const id of ids) {
      if (this.implicit && id !== String(this.row)) this.start();
      if (!this.implicit) this.insert(id);
      this.row++;
    }
  }

  /** Throws InputError for the first id that really repeats. */
  async confirm(
    dataset: Dataset,
    place: (row: number) => string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (this.suspects.size === 0) return;
    const first = new Map<string, number>();
    for await (const batch of dataset.points({ batchSize: 4096, signal })) {
      for (let i = 0; i < batch.count; i++) {
        const id = batch.ids[i]!;
        if (!this.suspects.has(hashKey(id))) continue;
        const before = first.get(id);
        if (before !== undefined) {
          throw new InputError(`the id is already used by ${place(before)}`, {
            where: place(batch.start + i),
            got: id,
            next: 'give every point an id of its own',
          });
        }
        first.set(id, batch.start + i);
      }
    }
  }

  /** The first id that is not its row number: from here on, ids are compared. */
  private start(): void {
    this.implicit = false;
    let size = 16;
    while (size < this.capacity * 2) size *= 2;
    this.low = new Uint32Array(size);
    this.high = new Uint32Array(size);
    this.mask = size - 1;
    for (let row = 0; row < this.row; row++) this.insert(String(row));
  }

  private insert(id: string): void {
    const [low, high] = hash64(id);
    // Hash 0/0 marks a free slot.
    const value = low === 0 && high === 0 ? 1 : low;
    for (let slot = value & this.mask; ; slot = (slot + 1) & this.mask) {
      if (this.low[slot] === value && this.high[slot] === high) {
        this.suspects.add(hashKey(id));
        return;
      }
      if (this.low[slot] === 0 && this.high[slot] === 0) {
        this.low[slot] = value;
        this.high[slot] = high;
        return;
      }
    }
  }
}

function hashKey(id: string): string {
  return hash64(id).join(':');
}

/** Two 32-bit halves mixed as in cyrb53 (public domain), over UTF-16 code units. */
function hash64(text: string): [number, number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return [a >>> 0, b >>> 0];
}
