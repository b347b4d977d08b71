import { type Item, itemsOf, type Ledger, type Settled } from './ledger.js';
import type { Rejects } from './rejects.js';
import { type LoadState, saveLoad } from './state.js';

/** The progress of workers of this process, in the folder of the load. */
export class LocalLedger implements Ledger {
  readonly #folder: string;
  readonly #rejects: Rejects;
  readonly #items: Item[];
  readonly #begun = new Map<number, Item>();
  #state: LoadState;

  constructor(folder: string, state: LoadState, rejects: Rejects, rows: number) {
    this.#folder = folder;
    this.#state = state;
    this.#rejects = rejects;
    const ended = new Set<number>();
    for (const item of itemsOf(rows))
      if (state.finished.some(([from, to]) => from <= item.from && item.to <= to)) ended.add(item.from);
    const begun = new Map(state.begun.map((each) => [each.from, each]));
    this.#items = itemsOf(rows)
      .filter(({ from }) => !ended.has(from))
      .map((item) => ({ ...item, ...begun.get(item.from) }));
    for (const item of this.#items) if (begun.has(item.from)) this.#begun.set(item.from, item);
  }

  get state(): LoadState {
    return this.#state;
  }

  async take(): Promise<Item | undefined> {
    const item = this.#items.shift();
    if (item !== undefined) this.#begun.set(item.from, item);
    return item;
  }

  async settle(item: Item, { row, leftOut, rejects }: Settled): Promise<boolean> {
    this.#rejects.add(rejects);
    const rows = this.#state.rows + row - item.row;
    item.row = row;
    this.save({ rows, leftOut: this.#state.leftOut + leftOut });
    return true;
  }

  async finish(item: Item): Promise<void> {
    this.#begun.delete(item.from);
    this.save({ finished: joined([...this.#state.finished, [item.from, item.to]]) });
  }

  save(change: Partial<LoadState>): void {
    const begun = [...this.#begun.values()].filter(({ from, row }) => row > from);
    this.#state = { ...this.#state, ...change, begun: begun.map((each) => ({ ...each })) };
    saveLoad(this.#folder, this.#state);
  }
}

/** Ranges that touch, as one. */
function joined(ranges: readonly (readonly [number, number])[]): [number, number][] {
  const all: [number, number][] = [];
  for (const [from, to] of ranges.toSorted(([a], [b]) => a - b)) {
    const last = all.at(-1);
    if (last !== undefined && last[1] === from) last[1] = to;
    else all.push([from, to]);
  }
  return all;
}
