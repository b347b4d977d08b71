import type { RowChange } from '../changes/change.js';

export type Side = 'source' | 'target';

/**
 * Which embedding versions each side takes, in the application's words. An event whose version is not taken by *both*
 * is held: neither side sees vectors that the other one's queries cannot be compared with. Events that say nothing of
 * their version are never held.
 */
export class EmbeddingVersions {
  readonly #taken: Record<Side, Set<string>>;

  constructor(taken: Readonly<Record<Side, readonly string[]>>) {
    this.#taken = { source: new Set(taken.source), target: new Set(taken.target) };
  }

  take(side: Side, version: string): void {
    this.#taken[side].add(version);
  }

  refuse(side: Side, version: string): void {
    this.#taken[side].delete(version);
  }

  isTaken({ embeddingVersion }: Pick<RowChange, 'embeddingVersion'>): boolean {
    if (embeddingVersion === undefined) return true;
    return this.#taken.source.has(embeddingVersion) && this.#taken.target.has(embeddingVersion);
  }
}
