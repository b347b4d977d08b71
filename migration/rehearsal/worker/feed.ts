import type { Change, Position } from '../../changes/change.js';
import type { ChangeSource } from '../../changes/log.js';
import type { Injuries } from './injuries.js';

/** Changes that come again, from before where it is read. */
const AGAIN = 8;

/** The log as one that delivers at least once and does not always keep the order does it, while that is planted. */
export class FaultyFeed implements ChangeSource {
  readonly #source: ChangeSource;
  readonly #injuries: Injuries;
  #recent: Change[] = [];

  constructor(source: ChangeSource, injuries: Injuries) {
    this.#source = source;
    this.#injuries = injuries;
  }

  get place(): string {
    return this.#source.place;
  }

  async read(after: Position | null, limit: number, signal?: AbortSignal): Promise<readonly Change[]> {
    const changes = await this.#source.read(after, limit, signal);
    if (changes.length === 0) return changes;
    const before = this.#recent;
    this.#recent = [...before, ...changes].slice(-AGAIN);
    if (this.#injuries.find('duplicate') !== undefined) return [...before, ...changes];
    if (this.#injuries.find('reorder') === undefined) return changes;
    // The last one stays the last, since it is what is acknowledged.
    return [...changes.slice(0, -1).reverse(), ...before, changes.at(-1)!];
  }

  watermark(): Promise<Position> {
    return this.#source.watermark();
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}
