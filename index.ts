/**
 * What programs build on: the use cases of the command line without a terminal, stored runs, measures, and the contract
 * of engines. See docs/library.md.
 *
 * @module
 */

// Errors: what, where, what was got and what to do; the exit code that the command line would end with.
export {
  type ErrorDetails,
  EXIT,
  type ExitCode,
  FailureError,
  InputError,
  InterruptedError,
  VecproofError,
} from './common/errors.js';
export type { PlacedFault } from './common/faults.js';
export type {
  Dataset,
  DatasetInfo,
  FieldSchema,
  FieldType,
  InvalidKind,
  MetadataColumns,
  MetadataValue,
  Metric,
  PointBatch,
  ProvidedTruth,
  Qrels,
  QuerySet,
} from './datasets/dataset.js';
export type { ColumnChoice } from './datasets/formats/names.js';
export { parseQrels } from './datasets/formats/qrels.js';
// What an engine is: for adapters of your own.
export type * from './engines/contract/capabilities.js';
export type * from './engines/contract/collection.js';
export type * from './engines/contract/engine.js';
export type * from './engines/contract/facts.js';
export type * from './engines/contract/ids.js';
export type * from './engines/contract/options.js';
export type * from './engines/contract/points.js';
export type * from './engines/contract/search.js';
export type * from './engines/contract/server.js';
export type * from './engines/contract/spec.js';
export type * from './engines/contract/vectors.js';
export type { CompareRequest } from './harness/app/compare-runs.js';
export {
  type DefinedSuite,
  defineSuite,
  type GateDefinition,
  type GateDefinitions,
  type SuiteDefinition,
} from './harness/app/library/define-suite.js';
export {
  type ExactNeighboursOptions,
  exactNeighbours,
  type OpenDatasetOptions,
  openDataset,
} from './harness/app/library/exact-neighbours.js';
export type { JudgeStoredOptions } from './harness/app/library/judge-options.js';
export {
  type DatasetsRunResult,
  type RunDatasetsOptions,
  resumeDatasets,
  runDatasets,
} from './harness/app/library/run-datasets.js';
export {
  planSuite,
  type ResumeRunOptions,
  type RunResult,
  type RunSuiteOptions,
  resumeRun,
  runSuite,
  type SuitePlan,
} from './harness/app/library/run-suite.js';
export {
  openDatasetsRun,
  type StoredDatasetsRun,
} from './harness/app/library/stored-datasets-run.js';
export {
  listRuns,
  openRun,
  type RunPlaces,
  type StoredRun,
} from './harness/app/library/stored-run.js';
export type { Surroundings } from './harness/app/library/surroundings.js';
// Measures: pure functions; their definitions are in docs/measures.md.
export { distance, roundingMargin, tieLimit } from './harness/measures/distance.js';
export {
  type FrontierPoint,
  hypervolume,
  paretoFrontier,
} from './harness/measures/frontier.js';
export { quantile } from './harness/measures/quantile.js';
export { jaccard, kendallTau, rankBiasedOverlap } from './harness/measures/ranks.js';
export { type HitList, type ListScore, RecallScorer } from './harness/measures/recall.js';
export {
  averagePrecision,
  dcg,
  ndcg,
  precisionAt,
  reciprocalRank,
  relevantRecallAt,
  successAt,
} from './harness/measures/relevance.js';
export { parseRun, type RunScores, scoreRun, type TrecRun } from './harness/measures/trec.js';
// What is stored of a run; docs/run-folder.md describes the files.
export type { BuildCost, LiveEvent, LoggedEvent, RunEvent } from './harness/model/events.js';
export type { DatasetsManifest, Manifest } from './harness/model/manifest.js';
export { definitionOf, MEASURES } from './harness/model/measures/catalogue.js';
export type { MeasureDefinition } from './harness/model/measures/measure.js';
export type { PlannedBuild, PlannedParity, PlannedTrial, TrialState } from './harness/model/plan.js';
export type {
  DatasetsResults,
  Measure,
  Measures,
  ParityResult,
  Results,
  TrialRow,
} from './harness/model/results.js';
export type { Samples, Truth } from './harness/model/samples.js';
export type { Finding, Verdict, VerdictState, Verdicts } from './harness/model/verdict.js';
export { SuiteError } from './harness/suite/faults.js';
// Reports of a stored run.
export { REPORT_FORMATS, type ReportFormat, writeReports } from './reports/write.js';
