import type { Point } from '../../engines/contract/points.js';
import type { Pace } from '../export/pace.js';
import type { Item, Ledger } from './ledger.js';
import { whyLeftOut, whyUnprotected } from './left-out.js';
import type { LoadPlan } from './plan.js';
import { type Row, sizeOf } from './write-batch.js';
import type { Writer } from './writer.js';

export interface BatchLimits {
  bytes: number;
  points: number;
}

export const BATCH: BatchLimits = { bytes: 4 * 2 ** 20, points: 1000 };

/** What all workers of a process have in common. */
export interface Workshop {
  plan: LoadPlan;
  ledger: Ledger;
  limits: BatchLimits;
  pace: Pace;
  signal: AbortSignal;
  onSettled(rows: number): void;
}

/** Rows that are written together, and where the cursor is once they are. */
interface Batch {
  rows: Row[];
  leftOut: number;
  next: number;
}

/** Takes items until there is none. An error ends it; what is settled stays. */
export async function work(shop: Workshop, writer: Writer): Promise<void> {
  for (;;) {
    shop.signal.throwIfAborted();
    const item = await shop.ledger.take();
    if (item === undefined) return;
    if (await loadItem(shop, writer, item)) await shop.ledger.finish(item);
  }
}

/** @returns false: somebody else goes on with it */
async function loadItem(shop: Workshop, writer: Writer, item: Item): Promise<boolean> {
  for await (const { rows, leftOut, next } of batchesOf(shop, item)) {
    shop.signal.throwIfAborted();
    const rejects = rows.length === 0 ? [] : await writer.write(rows, shop.signal);
    const before = item.row;
    const goesOn = await shop.ledger.settle(item, { row: next, leftOut, rejects });
    shop.onSettled(next - before);
    if (!goesOn) return false;
    await shop.pace.after(rows.length, shop.signal);
  }
  return true;
}

/** The rest of an item in batches of bounded size. */
async function* batchesOf({ plan, limits }: Workshop, { row, to }: Item): AsyncGenerator<Batch> {
  const { source, definition, spec, apply, required } = plan;
  let at = row;
  let bytes = 0;
  let batch: Batch = { rows: [], leftOut: 0, next: at };
  const take = (): Batch => {
    const taken = { ...batch, next: at };
    batch = { rows: [], leftOut: 0, next: at };
    bytes = 0;
    return taken;
  };
  for await (const group of source.rows(row, to)) {
    for (const point of group) {
      const mapped: Point = apply(point);
      const why = whyUnprotected(required, point) ?? whyLeftOut(definition.capabilities, spec, mapped);
      if (why === undefined) {
        const size = sizeOf(spec.vectors, mapped);
        const full = batch.rows.length >= limits.points || bytes + size > limits.bytes;
        if (batch.rows.length > 0 && full) yield take();
        batch.rows.push({ row: at, point: mapped });
        bytes += size;
      } else batch.leftOut++;
      at++;
    }
  }
  if (batch.rows.length > 0 || batch.leftOut > 0) yield take();
}
