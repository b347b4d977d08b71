/** Work on one key is done in the order in which it came; work on different keys at the same time. */
export class RowQueue {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Of keys with work under way. */
  get size(): number {
    return this.#last.size;
  }

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    // What failed before was told to whoever asked for it.
    const mine = before === undefined ? work() : before.then(work, work);
    this.#last.set(key, mine);
    const done = () => {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    };
    mine.then(done, done);
    return mine;
  }
}
