import { InputError } from '../common/errors.js';
import type { Dataset } from './dataset.js';
import { HashTable64, hashOfText } from './hash-table.js';

/**
 * Finds repeated ids among millions without keeping them: only 64-bit hashes are held, 16 to 32 bytes per
 * point in an open-addressing table. Equal hashes are a suspicion, which a second pass over the ids confirms or clears.
 * Ids that are just the row numbers cost nothing.
 */
export class DuplicateFinder {
  private readonly capacity: number;
  private table: HashTable64 | undefined;
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
    this.table = new HashTable64(this.capacity);
    for (let row = 0; row < this.row; row++) this.insert(String(row));
  }

  private insert(id: string): void {
    if (this.table!.add(hashOfText(id))) this.suspects.add(hashKey(id));
  }
}

function hashKey(id: string): string {
  return hashOfText(id).join(':');
}
