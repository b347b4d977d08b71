import { InputError } from '../../common/errors.js';

/** A file with so many of them needs no exact number. */
const MOST_ROWS = 1_000_000;

interface Kind {
  what: string;
  count: number;
  first: string;
}

/** Collects rows that cannot be used, by what is wrong with them, so that a refusal tells how many there are of each kind. */
export class BadRows {
  readonly #kinds = new Map<string, Kind>();
  #first: InputError | undefined;
  #total = 0;

  /** Does the work for a row; what is wrong with it is remembered. Other errors pass. */
  try(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.add(error.what, error.where ?? '', error);
    }
  }

  add(what: string, first: string, error: InputError): void {
    this.#first ??= error;
    // Numbers differ from row to row where the fault is the same.
    const kind = what.replaceAll(/\d+/g, '#');
    const known = this.#kinds.get(kind);
    if (known === undefined) this.#kinds.set(kind, { what, count: 1, first });
    else known.count++;
    this.#total++;
    if (this.#total === MOST_ROWS) this.throwIfAny(' before the rest was given up');
  }

  /**
   * Throws the first row's fault with the number of rows of each kind, if there is one.
   * @param limit where rows were counted up to some row only: what to say of it
   */
  throwIfAny(limit = ''): void {
    const first = this.#first;
    if (first === undefined) return;
    const kinds = [...this.#kinds.values()];
    const total = kinds.reduce((sum, { count }) => sum + count, 0);
    if (total === 1) throw first;
    const list = kinds
      .sort((a, b) => b.count - a.count)
      .map(({ what, count, first: place }) => `${count}: ${what} (first: ${place})`);
    const counts =
      kinds.length === 1
        ? `${total} rows are like that${limit}`
        : `${total} rows cannot be used${limit}\n  ${list.join('\n  ')}`;
    const { what, where, got, next, cause } = first;
    throw new InputError(`${what}; ${counts}`, { where, got, next, cause });
  }
}
