/** What is known of a row of a target beside the row itself. */
export interface RowVersion {
  version: bigint;
  /** A tombstone. */
  deleted: boolean;
  embeddingVersion?: string | undefined;
}

/**
 * Versions and tombstones of a target's rows, for engines that have no place for them. Keys are texts (`keyText`). Where
 * nothing is stored of a row, no change of it has been applied.
 */
export interface VersionStore {
  /**
   * Locks rows, gives what is known of them, and stores what `work` returns once it has resolved. Nobody else changes
   * these rows meanwhile. If `work` fails, nothing is stored: the target may be newer than what is known of it, and the
   * same changes come again.
   */
  change(
    keys: readonly string[],
    work: (known: ReadonlyMap<string, RowVersion>) => Promise<ReadonlyMap<string, RowVersion>>,
  ): Promise<void>;
  read(keys: readonly string[]): Promise<ReadonlyMap<string, RowVersion>>;
  /** All tombstones, page by page: they are asked for again while the migration is observed. */
  tombstones(after: string | null, limit: number): Promise<readonly string[]>;
}

/** In this process' memory. */
export class MemoryVersions implements VersionStore {
  readonly #rows = new Map<string, RowVersion>();
  readonly #last = new Map<string, Promise<unknown>>();

  async change(
    keys: readonly string[],
    work: (known: ReadonlyMap<string, RowVersion>) => Promise<ReadonlyMap<string, RowVersion>>,
  ): Promise<void> {
    const before = keys.flatMap((key) => this.#last.get(key) ?? []);
    const mine = Promise.all(before).then(async () => {
      for (const [key, row] of await work(await this.read(keys))) this.#rows.set(key, row);
    });
    const done = mine.catch(() => undefined);
    for (const key of keys) this.#last.set(key, done);
    try {
      await mine;
    } finally {
      for (const key of keys) if (this.#last.get(key) === done) this.#last.delete(key);
    }
  }

  async read(keys: readonly string[]): Promise<ReadonlyMap<string, RowVersion>> {
    return new Map(
      keys.flatMap((key) => {
        const row = this.#rows.get(key);
        return row === undefined ? [] : [[key, row] as const];
      }),
    );
  }

  async tombstones(after: string | null, limit: number): Promise<readonly string[]> {
    const deleted = [...this.#rows].filter(([, row]) => row.deleted).map(([key]) => key);
    return deleted
      .filter((key) => after === null || key > after)
      .sort()
      .slice(0, limit);
  }
}
