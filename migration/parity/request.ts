import type { PointId } from '../../engines/contract/ids.js';
import type { Mapping } from '../mapping/mapping.js';
import type { Thresholds } from './thresholds.js';

/** Two places, what they are asked, and by what they are judged. */
export interface CompareRequest {
  /** `engine:address#collection`; the source is only read, and so is the target. */
  source: string;
  target: string;
  /** Query file. */
  queries: { path: string; shown: string };
  thresholds: Thresholds;
  /** By which the target was loaded; absent: names, types and ids are the same. */
  mapping?: { mapping: Mapping; hash: string; folder: string } | undefined;
  /** Folder of an export of the source, in place of reading it. */
  exported?: string | undefined;
  /**
   * Ids of the source that were written since the moment of its points, asked when all answers are there: queries that they
   * touch are not judged. Absent: nothing is written meanwhile.
   */
  written?: (() => Promise<ReadonlySet<PointId>>) | undefined;
  vector?: string | undefined;
  /** Fields that every point returned must have, beside those that the mapping requires. */
  required: readonly string[];
  search: { source: Readonly<Record<string, unknown>>; target: Readonly<Record<string, unknown>> };
  warmup: number;
  seed: number;
}

/** A query that cannot be compared yet. */
export interface Apart {
  query: string;
  group: string;
  /** Ids of the source that are not in the target. */
  missing: string[];
}
