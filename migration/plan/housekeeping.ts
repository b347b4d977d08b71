/** Steps that have written to the target, and rows of it, after which it is tidied: each leaves fragments behind. */
const STEPS = 2000;
const ROWS = 1000;
/** Share of the target's rows: where all of it is written anew, that is no more than was written by then. */
const SHARE = 0.1;
/** Whoever reads the target has so long with what it had. */
const KEEP_MS = 600_000;

/** Says when a target that is written to all the time, a few rows at a time, is to be tidied. */
export class Housekeeping {
  #steps = 0;
  #rows = 0;

  wrote(rows: number): void {
    if (rows === 0) return;
    this.#steps++;
    this.#rows += rows;
  }

  /** @param count rows of the target, asked only if there is much to tidy */
  async isDue(count: () => Promise<number>): Promise<boolean> {
    if (this.#steps >= STEPS) return true;
    return this.#rows >= ROWS && this.#rows >= SHARE * (await count());
  }

  /** Begins to count anew. */
  async tidy(tidy: (keepMs: number) => Promise<void>): Promise<void> {
    this.#steps = 0;
    this.#rows = 0;
    await tidy(KEEP_MS);
  }
}
