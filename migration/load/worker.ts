import type { PointColumns } from '../../engines/contract/columns.js';
import type { Point } from '../../engines/contract/points.js';
import { pointsIn } from '../../engines/kit/columns.js';
import { piecesOf } from '../../engines/kit/slice-columns.js';
import type { Pace } from '../export/pace.js';
import { bytesOfARow } from './columns.js';
import type { Item, Ledger } from './ledger.js';
import { whyLeftOut, whyUnprotected } from './left-out.js';
import type { LoadPlan } from './plan.js';
import { type Batch, type Row, sizeOf } from './write-batch.js';
import type { Writer } from './writer.js';

export interface BatchLimits {
  bytes: number;
  /** Undefined: as many as fit well. */
  points?: number | undefined;
}

export const BATCH = { bytes: 4 * 2 ** 20, points: 1000 };
/** Points of a batch of columns, which cost less by themselves than a batch does. */
const COLUMN_POINTS = 10_000;

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
interface Next {
  batch: Batch | undefined;
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
  for await (const { batch, leftOut, next } of oneAhead(batchesOf(shop, item, writer.takesColumns))) {
    shop.signal.throwIfAborted();
    const rejects = batch === undefined ? [] : await writer.write(batch, shop.signal);
    const before = item.row;
    const goesOn = await shop.ledger.settle(item, { row: next, leftOut, rejects });
    shop.onSettled(next - before);
    if (!goesOn) return false;
    await shop.pace.after(batch?.count ?? 0, shop.signal);
  }
  return true;
}

/** The next one is made while somebody works at the one before. */
async function* oneAhead<T>(all: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = all.next();
  try {
    for (;;) {
      const taken = await next;
      if (taken.done === true) return;
      next = all.next();
      // Told when its turn comes, if it does.
      next.catch(() => undefined);
      yield taken.value;
    }
  } finally {
    await next.catch(() => undefined);
    await all.return(undefined);
  }
}

/** The rest of an item in batches of bounded size. */
async function* batchesOf(shop: Workshop, { row, to }: Item, takesColumns: boolean): AsyncGenerator<Next> {
  const { source, applyColumns, apply } = shop.plan;
  if (!takesColumns || applyColumns === undefined) {
    yield* pointBatches(shop, row, source.rows(row, to));
    return;
  }
  const { vectors } = source.shape;
  let at = row;
  for await (const group of source.columns!(row, to)) {
    for (const columns of piecesOf(group, vectors, rowsOfABatch(shop, group))) {
      const first = at;
      at += columns.count;
      const mapped = applyColumns(columns);
      const points = () => pointsIn(columns, vectors);
      if (mapped === undefined) {
        yield* pointBatches(shop, first, [points()]);
        continue;
      }
      const rows = () => points().map((point, i) => ({ row: first + i, point: apply(point) }));
      yield { batch: { first, count: columns.count, rows, columns: mapped }, leftOut: 0, next: at };
    }
  }
}

function rowsOfABatch({ limits }: Workshop, columns: PointColumns): number {
  const most = limits.points ?? COLUMN_POINTS;
  return Math.max(1, Math.min(most, Math.floor(limits.bytes / bytesOfARow(columns))));
}

async function* pointBatches(
  { plan, limits }: Workshop,
  row: number,
  groups: AsyncIterable<readonly Point[]> | Iterable<readonly Point[]>,
): AsyncGenerator<Next> {
  const { definition, spec, apply, required } = plan;
  const most = limits.points ?? BATCH.points;
  let at = row;
  let bytes = 0;
  let rows: Row[] = [];
  let leftOut = 0;
  const take = (): Next => {
    const taken = rows;
    const batch =
      taken.length === 0 ? undefined : { first: taken[0]!.row, count: taken.length, rows: () => taken };
    const next = { batch, leftOut, next: at };
    rows = [];
    leftOut = 0;
    bytes = 0;
    return next;
  };
  for await (const group of groups) {
    for (const point of group) {
      const mapped: Point = apply(point);
      const why = whyUnprotected(required, point) ?? whyLeftOut(definition.capabilities, spec, mapped);
      if (why === undefined) {
        const size = sizeOf(spec.vectors, mapped);
        const full = rows.length >= most || bytes + size > limits.bytes;
        if (rows.length > 0 && full) yield take();
        rows.push({ row: at, point: mapped });
        bytes += size;
      } else leftOut++;
      at++;
    }
  }
  if (rows.length > 0 || leftOut > 0) yield take();
}
