import type { Metric } from '../../datasets/dataset.js';
import type { FilterSupport } from '../../filters/support.js';
import type { IdKind } from './ids.js';
import type { MetadataSupport, NameRules, PointSupport } from './points.js';

/**
 * What the engine's own score means, by metric. `1-cos`, `1-dot`, `-dot`, `squared` (L2 squared) and `root`
 * (Euclidean) are distances, smaller is nearer; `cos` and `dot` are similarities, larger is nearer.
 */
export type ScoreForm = '1-cos' | '1-dot' | '-dot' | 'squared' | 'root' | 'cos' | 'dot';

/**
 * Search parameters with which a query visits every point of an index, beside those of the trial: `points` stands for
 * the number of points, `lists` for the index's nlist. `scan`: every point is compared; `graph`: every point that the
 * graph leads to.
 */
export interface ExhaustiveSearch {
  kind: 'scan' | 'graph';
  search: Readonly<Record<string, number | 'points' | 'lists'>>;
}

/** What an engine can do, declared as data; the conformance suite holds every line of it. */
export interface Capabilities {
  metrics: readonly Metric[];
  /** Index types (`flat`, `hnsw`, `ivf`) with the quantizations each allows. */
  indexTypes: Readonly<Record<string, readonly string[]>>;
  /** `NO_FILTERS`: the engine has none. */
  filters: FilterSupport;
  /** How records keep their metadata; null: the engine keeps vectors and keys alone. */
  metadata: MetadataSupport | null;
  /** What it does with whole points; null: it keeps vectors and row numbers alone. */
  points: PointSupport | null;
  /** Names of metadata fields and of collections that it can hold. */
  fieldNames: NameRules;
  collectionNames: NameRules;
  idKinds: readonly IdKind[];
  /** Range of integer ids in records: int64, or 0 to 2^64 - 1; absent: both. */
  integerIds?: 'signed' | 'unsigned' | undefined;
  /** Largest vector accepted; null: no documented limit. */
  maxDimensions: number | null;
  /** When an acknowledged write can be found. */
  visibility: 'immediate' | 'after-ready';
  scores: Readonly<Partial<Record<Metric, ScoreForm>>>;
  /** Whether building twice from the same batches gives the same graph, and so the same answers. */
  deterministicBuild: 'always' | 'one-thread' | 'never';
  /**
   * `concurrent`: the event loop turns while a query is on its way, so that one process can have several in flight.
   * `blocking`: a query holds the process until it is answered.
   */
  execution: 'blocking' | 'concurrent';
  /**
   * Prepared searches of one collection that may be open at a time. `one`: preparing the next setting changes what
   * earlier searches answer.
   */
  preparedSearches: 'one' | 'several';
  /**
   * What one connection has built can be searched from others at the same time, each in a thread or process of its own
   * (`Collection.share`, `ConnectedEngine.attach`). Absent: it cannot.
   */
  shares?: boolean | undefined;
  /** What differs in a mode of the server, e.g. one that runs inside the process. */
  modes?: Readonly<Record<string, Partial<Execution>>> | undefined;
  /** By index type; one that is absent has no exhaustive search. Disagreements are explained with it. */
  exhaustive?: Readonly<Record<string, ExhaustiveSearch>>;
  /** Facts a user must know, one sentence each; they go into `docs/engines.md` and the report. */
  remarks: readonly string[];
}

/** How queries run. */
export type Execution = Pick<Capabilities, 'execution' | 'preparedSearches' | 'shares'>;

/** How they run in a mode of the engine's server. */
export function executionOf(
  { execution, preparedSearches, shares, modes }: Capabilities,
  mode: string | undefined,
): Execution {
  return { execution, preparedSearches, shares, ...(mode === undefined ? undefined : modes?.[mode]) };
}
