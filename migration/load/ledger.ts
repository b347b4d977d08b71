import type { Reject } from './rejects.js';

/** Rows of an export that one worker loads: from `from` up to but not including `to`, in the order of its parts. */
export interface Item {
  from: number;
  to: number;
  /** The cursor: rows before it are in the target, read back and found equal, or rejected. */
  row: number;
}

/** What a batch has come to. */
export interface Settled {
  /** Where the cursor moves to. */
  row: number;
  /** Points that accepted losses leave out. */
  leftOut: number;
  rejects: readonly Reject[];
}

/**
 * Who loads what, and how far it is. It is on disk (or in the queue) before a call resolves, so that a crash anywhere
 * loses nothing and repeats at most a batch, which changes nothing.
 */
export interface Ledger {
  /** An item that nobody works at; undefined: there is none, now or any more. */
  take(): Promise<Item | undefined>;
  /** Moves the cursor. @returns false: the item goes to whoever takes it next, this worker stops here */
  settle(item: Item, settled: Settled): Promise<boolean>;
  /** All rows of the item are settled. */
  finish(item: Item): Promise<void>;
}

/** Rows of an item: few enough that one which is begun again costs little, enough that a part is not opened for nothing. */
export const ITEM_ROWS = 50_000;

/** The same items whoever asks. */
export function itemsOf(rows: number, size = ITEM_ROWS): Item[] {
  const items: Item[] = [];
  for (let from = 0; from < rows; from += size)
    items.push({ from, to: Math.min(rows, from + size), row: from });
  return items;
}
