import { EXIT, type ExitCode } from '../common/errors.js';
import type { DerivedRun } from '../harness/derive/run.js';
import type { TrialRow } from '../harness/model/results.js';
import type { Verdicts } from '../harness/model/verdict.js';

/** Exit code of the gates alone. */
export function gateExit(verdicts: Verdicts | undefined): ExitCode {
  if (verdicts?.outcome === 'error') return EXIT.badInput;
  return verdicts?.outcome === 'failed' ? EXIT.gateFailed : EXIT.passed;
}

/** A failed trial, one whose every query failed, or a dataset on which nothing was measured is not a success. */
export function runExit({ parts }: DerivedRun, verdicts: Verdicts | undefined): ExitCode {
  const failed = parts.some(({ derived: { results } }) => measuringFailed(results.trials));
  return failed ? EXIT.engineOrDatasetFailed : gateExit(verdicts);
}

function measuringFailed(trials: readonly TrialRow[]): boolean {
  return (
    trials.some((trial) => trial.state === 'failed' || nothingAnswered(trial)) ||
    !trials.some(({ state }) => state === 'completed')
  );
}

function nothingAnswered({ measures }: TrialRow): boolean {
  const errors = measures['errors'];
  return errors !== undefined && errors.value === errors.n;
}
