import { permutation, Random } from '../../measures/random.js';
import { WRITE_KINDS, type WriteKind } from '../../model/writes.js';
import { type Arrivals, dueTimes } from '../executors/schedule.js';

/** Each stream of writes has arrivals of its own. */
const SEED_STEP = 104_729;

/** Writes per second. */
export type WriteRates = Readonly<Record<WriteKind, number>>;

/** A write before it is sent. */
export interface PlannedWrite {
  kind: WriteKind;
  /** As in `Write`. */
  row: number;
  /** ms from the beginning of the writes. */
  due: number;
  /**
   * Rows of the dataset that its vector is made of (`WrittenVectors`), or, of metadata, its own row and that whose metadata it
   * takes; none of a delete.
   */
  from: readonly [number, number] | undefined;
  followed: boolean;
}

/** Share of the dataset's rows that may be updated or deleted: the others stay what they are, and truth rests on them. */
export const MOST_CHANGED = 0.5;

/** Rows drawn for metadata of which some filter tells that they are others. */
const DRAWS = 20;

/** Updates and deletes together, on average. */
export const changedRows = ({ update, delete: gone, metadata }: WriteRates, seconds: number): number =>
  (update + gone + metadata) * seconds;

/**
 * The writes of a pass in the order in which they are due; the same seed gives the same. Each row of the dataset is
 * written at most once: updates and deletes take the rows of a seeded permutation one after the other. Inserts are new
 * points with the numbers from `rows` on.
 *
 * @param rows of the dataset
 * @param follow of all writes per second, those that are followed until they show; they are chosen beforehand, evenly
 */
export function planWrites(
  rates: WriteRates,
  { seconds, arrivals, seed, rows, follow, differ }: WriteTimes,
): PlannedWrite[] {
  const due = WRITE_KINDS.flatMap((kind, i) => {
    const rate = rates[kind];
    if (rate === 0) return [];
    const times = dueTimes({ from: rate, to: rate, seconds }, arrivals, seed + (i + 1) * SEED_STEP);
    return Array.from(times, (at) => ({ kind, at }));
  }).sort((a, b) => a.at - b.at);
  const order = permutation(rows, seed + SEED_STEP * 5);
  const random = new Random(seed + SEED_STEP * 6);
  const all = WRITE_KINDS.reduce((sum, kind) => sum + rates[kind], 0);
  const share = all === 0 ? 0 : Math.min(1, follow / all);
  let [inserted, changed, turn] = [0, 0, 0];
  const planned: PlannedWrite[] = [];
  for (const { kind, at } of due) {
    turn += share;
    const followed = turn >= 1;
    if (followed) turn -= 1;
    if (kind !== 'insert' && changed >= rows * MOST_CHANGED) continue;
    const row = kind === 'insert' ? rows + inserted++ : order[changed++]!;
    const first = kind === 'insert' ? random.below(rows) : row;
    const another = () => (first + 1 + random.below(rows - 1)) % rows;
    let second = another();
    for (let draw = 1; kind === 'metadata' && draw < DRAWS && differ?.(first, second) === false; draw++)
      second = another();
    planned.push({ kind, row, due: at, from: kind === 'delete' ? undefined : [first, second], followed });
  }
  return planned;
}

export interface WriteTimes {
  seconds: number;
  arrivals: Arrivals;
  seed: number;
  rows: number;
  follow: number;
  /** Whether a filter of the queries tells the metadata of two rows apart; absent: there are none. */
  differ?: ((row: number, other: number) => boolean) | undefined;
}
