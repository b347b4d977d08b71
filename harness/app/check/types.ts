import type { DatasetInfo, FieldType, Metric } from '../../../datasets/dataset.js';

/** What was found of vectors: of points or of a query set. */
export interface VectorFacts {
  count: number;
  nonFinite: number;
  zero: number;
  /** Euclidean norms of the finite ones; the median is of a sample. Null where there are none. */
  norms: { least: number; median: number; greatest: number } | null;
  /** Share of the finite ones whose norm is 1, within 1e-3. */
  unit: number | null;
  /** Vectors that are equal to one before them. */
  duplicates: number;
}

export interface FieldFacts {
  name: string;
  type: FieldType;
  nulls: number;
  /** Different values, counted up to a limit; `atLeast` says that there are more. */
  distinct: { count: number; atLeast: boolean };
  least?: string | undefined;
  greatest?: string | undefined;
}

export interface QueryFacts {
  name: string;
  judged: boolean;
  vectors: VectorFacts;
  /** Queries whose id, or whose vector, is a point's. */
  idsOfPoints: number | null;
  vectorsOfPoints: number;
}

/** How well the metrics fit, by the exact neighbours of some queries. */
export interface MetricFacts {
  /** Queries that were compared with every point; points themselves where there are no queries. */
  queries: number;
  ofPoints: boolean;
  /** Share of the first 10 neighbours that are the same under two metrics; null for bits. */
  same: { cosineL2: number; cosineDot: number } | null;
  /** By metric: share of the first 10 of the file's own neighbours that are exact ones. */
  provided: { metric: Metric; shift: number; share: number }[] | null;
  /** Why the file's own neighbours could not be compared. */
  unusable?: string | undefined;
  /** Median over these queries (Amsaleg et al. 2015); null for dot, or where nothing can be said. */
  intrinsicDimension: number | null;
}

/** Recall of a default HNSW index on a sample, against the exact neighbours in that sample. */
export type HardnessFacts =
  | { state: 'unmeasured'; reason: string }
  | {
      state: 'measured';
      points: number;
      queries: number;
      k: number;
      recall: { ef: number; mean: number }[];
      /** Queries that are needed to see a recall that is lower by a point, at the first ef. */
      queriesNeeded: number | null;
    };

export interface Finding {
  /** `fault`: a run would refuse the dataset. */
  severity: 'fault' | 'warning';
  what: string;
  next?: string | undefined;
}

export interface CheckReport {
  info: DatasetInfo;
  points: VectorFacts;
  /** Points among which repeated vectors and ids were looked for; fewer than all where there are very many. */
  compared: number;
  /** Points whose id is one before them. */
  repeatedIds: number;
  fields: FieldFacts[];
  queries: QueryFacts[];
  metric: MetricFacts | null;
  hardness: HardnessFacts;
  findings: Finding[];
}
