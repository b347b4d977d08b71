import type { RowKey } from './change.js';
import { BEFORE_CAPTURE, keyText } from './change.js';
import type { Applied, ChangeTarget, StoredRow, Write } from './target.js';

/** Rows in this process' memory, with versions and tombstones: for tests and rehearsals. */
export class MemoryTarget implements ChangeTarget {
  readonly place = 'memory';
  readonly condition = 'atomic';
  readonly #rows = new Map<string, StoredRow & RowKey>();

  async apply(changes: readonly Write[]): Promise<readonly Applied[]> {
    return changes.map((change) => {
      const key = keyText(change);
      const there = this.#rows.get(key);
      if (there !== undefined && (change.version === BEFORE_CAPTURE || change.version <= there.version))
        return 'superseded';
      const { collection, tenant, id, version, embeddingVersion } = change;
      this.#rows.set(key, {
        ...{ collection, tenant, id, version, embeddingVersion },
        deleted: change.kind === 'delete',
        point: change.kind === 'delete' ? undefined : change.point,
      });
      return 'applied';
    });
  }

  async read(keys: readonly RowKey[]): Promise<readonly (StoredRow | undefined)[]> {
    return keys.map((key) => this.#rows.get(keyText(key)));
  }

  /** Rows that are there, without tombstones. */
  rows(): (StoredRow & RowKey)[] {
    return [...this.#rows.values()].filter(({ deleted }) => !deleted);
  }
}
