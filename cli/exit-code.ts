import { EXIT, type ExitCode } from '../common/errors.js';
import type { Results, TrialRow } from '../harness/model/results.js';
import type { Verdicts } from '../harness/model/verdict.js';

/** Exit code of the gates alone. */
export function gateExit(verdicts: Verdicts | undefined): ExitCode {
  if (verdicts?.outcome === 'error') return EXIT.badInput;
  return verdicts?.outcome === 'failed' ? EXIT.gateFailed : EXIT.passed;
}

/** A failed trial, one whose every query failed, or a run that measured nothing is not a success. */
export function runExit({ trials }: Results, verdicts: Verdicts | undefined): ExitCode {
  const failed = trials.some((trial) => trial.state === 'failed' || nothingAnswered(trial));
  const nothing = !trials.some(({ state }) => state === 'completed');
  return failed || nothing ? EXIT.engineOrDatasetFailed : gateExit(verdicts);
}

function nothingAnswered({ measures }: TrialRow): boolean {
  const errors = measures['errors'];
  return errors !== undefined && errors.value === errors.n;
}
