/** The library beneath the command line: pure measures, and readers of stored runs. */
export { FailureError, InputError, InterruptedError, VecproofError } from './common/errors.js';
export type { Dataset, DatasetInfo, Metric, PointBatch, QuerySet } from './datasets/dataset.js';
export { openDataset } from './datasets/open.js';
export { deriveResults } from './harness/derive/derive.js';
export { distance, tieLimit } from './harness/measures/distance.js';
export { hypervolume, paretoFrontier } from './harness/measures/frontier.js';
export { deriveTrial } from './harness/measures/trial.js';
export type { Manifest } from './harness/model/manifest.js';
export type { Measure, Results, TrialRow } from './harness/model/results.js';
export { findRun, readManifest, runFolder } from './harness/store/run-folder.js';
