import type { MetadataValue } from '../../../datasets/dataset.js';
import type { PreparedMetadata } from '../../../datasets/prepare.js';
import type { Metadata, PointChange } from '../../../engines/contract/points.js';
import { matches } from '../../../filters/matches.js';
import { standingOf } from '../../measures/under-writes.js';
import type { Samples } from '../../model/samples.js';
import type { Version, WriteLog } from '../../model/writes.js';
import { type HeldMetadata, type JobFiltering, NO_FILTER } from '../filtering.js';
import type { PlannedWrite } from './plan.js';
import type { WrittenVectors } from './vectors.js';

/** In the table of what passes. */
const [UNKNOWN, PASSES, FAILS] = [0, 1, 2] as const;

/** A filter that tells the metadata of two rows apart. */
export interface TellingFilter {
  /** A query that has it. */
  query: number;
  /** Whether the new metadata pass it, and the old ones fail; otherwise the reverse. */
  passes: boolean;
}

/**
 * The metadata of a pass that changes its collection, and which queries' filters they pass. Of every version of a point they
 * are those of a row of the dataset: a new point has those of the row beside which it lies, an update of vectors leaves them,
 * and an update of metadata takes those of another row.
 */
export class WrittenMetadata {
  readonly #metadata: PreparedMetadata;
  readonly #filtering: JobFiltering;
  /** By filter, by row. */
  readonly #known: readonly Uint8Array[];
  readonly #first: readonly number[];

  constructor(metadata: PreparedMetadata, filtering: JobFiltering) {
    this.#metadata = metadata;
    this.#filtering = filtering;
    this.#known = filtering.filters.map(() => new Uint8Array(metadata.count));
    this.#first = filtering.filters.map(
      (_, at) => filtering.send.find((query) => filtering.filterOf[query] === at) ?? -1,
    );
  }

  /** The fields that the engine holds, of a row of the dataset. */
  of(row: number): Metadata {
    const values = this.#values(row);
    return Object.fromEntries(
      this.#filtering.load.flatMap((name) => {
        const value = values(name) ?? null;
        return value === null ? [] : [[name, value]];
      }),
    );
  }

  /** What gives a point the metadata of another row. */
  change(id: bigint, row: number): PointChange {
    const set = this.of(row);
    return { id, set, unset: this.#filtering.load.filter((name) => !Object.hasOwn(set, name)) };
  }

  /** Whether a row's metadata pass the filter of a query; true where it has none. */
  passes(query: number, row: number): boolean {
    const at = this.#filtering.filterOf[query]!;
    return at === NO_FILTER || this.#passesFilter(at, row);
  }

  /** A filter of a query that is sent by which a change from one row's metadata to another's shows; undefined: there is none. */
  tells(before: number, after: number, turn: number): TellingFilter | undefined {
    const { length } = this.#first;
    for (let i = 0; i < length; i++) {
      const at = (i + turn) % length;
      const query = this.#first[at]!;
      if (query < 0) continue;
      const passes = this.#passesFilter(at, after);
      if (passes !== this.#passesFilter(at, before)) return { query, passes };
    }
    return undefined;
  }

  #passesFilter(at: number, row: number): boolean {
    const known = this.#known[at]!;
    if (known[row] === UNKNOWN)
      known[row] = matches(this.#filtering.filters[at]!, this.#values(row)) ? PASSES : FAILS;
    return known[row] === PASSES;
  }

  #values(row: number): (name: string) => MetadataValue | undefined {
    const { columns } = this.#metadata.read(row, 1);
    return (name) => columns[name]?.[0];
  }
}

/** The row of the dataset whose metadata a version of a point has; `write`: undefined where it is never written. */
export function metadataRow(
  row: number,
  version: Exclude<Version, 2>,
  write: PlannedWrite | undefined,
): number {
  if (write === undefined) return row;
  if (write.kind === 'insert') return write.from![0];
  return write.kind === 'metadata' && version === 1 ? write.from![1] : row;
}

/** By sample and row of its answer what the point's metadata were then. */
export function heldMetadata(
  { sent, answered }: Pick<Samples, 'sent' | 'answered'>,
  { writes, points }: Pick<WriteLog, 'writes' | 'points'>,
  vectors: WrittenVectors,
): (sample: number, row: number) => HeldMetadata {
  const byRow = new Map(writes.map((write) => [write.row, write]));
  return (sample, row) => {
    const write = byRow.get(row);
    // A new point has had the same ones from the beginning.
    if (row >= points || write?.kind !== 'metadata')
      return { rows: [metadataRow(row, 0, vectors.writeOf(row))] };
    const [before, after] = ([0, 1] as const).map((version) =>
      metadataRow(row, version, vectors.writeOf(row)),
    ) as [number, number];
    const standing = standingOf(write, sent[sample]!, answered[sample]!);
    if (standing === 'during') return { rows: [before, after] };
    return standing === 'before' ? { rows: [before] } : { rows: [after], outdated: before };
  };
}
