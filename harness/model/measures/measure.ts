export type Unit = 'share' | 'ratio' | 'ms' | 'queries/s' | 'points/s' | 's' | 'bytes' | 'count';

/**
 * `mean`: averaged over queries, with an interval; `time`: depends on the machine and the hour; `count`: added up over
 * trials; `cost`: one observation per build.
 */
export type MeasureKind = 'mean' | 'time' | 'count' | 'cost';

/** What a measure is: gates, tables, charts, files and documents take its words and properties from here. */
export interface MeasureDefinition {
  /** Name in results, gates, CSV and charts; `@k` stands for any depth. */
  name: string;
  /** In words, for texts. */
  title: string;
  /** Head of a column in one or two lines; the unit stands beside the second. */
  head: readonly [string, string];
  unit: Unit;
  kind: MeasureKind;
  better: 'higher' | 'lower' | 'neither';
  /** Formula or procedure in one or two sentences. */
  definition: string;
  /** Why a completed trial may lack it. */
  absent: string;
  /** Compares embedded engines with each other, and servers; not one with the other, which are measured in another way. */
  withinKind?: true;
  /** Of two trials compared (`parity:` of the suite), not of one. */
  parity?: true;
  /** Says nothing without an interval: what the machine did meanwhile is in it. */
  needsInterval?: true;
}
