import { settingOf } from '../gate/thresholds.js';
import type { Results, TrialRow } from '../model/results.js';

/** A parity as gates see it: the candidate's trial with the measures of the comparison. */
export interface ParityTrial extends TrialRow {
  /** Its name. */
  parity: string;
  /** What is compared with what. */
  setting: string;
}

/** One row for each parity and query group. A parity that could not be compared has a row without measures. */
export function parityTrials({ parity = [], trials }: Pick<Results, 'parity' | 'trials'>): ParityTrial[] {
  return parity.flatMap((each) => {
    const trial = trials.find(({ id }) => id === each.candidate.trial);
    if (trial === undefined) return [];
    const label = `${each.name}: ${settingOf(trial)} against ${each.reference.setting}`;
    const base = { ...trial, parity: each.name, setting: label };
    if (each.state === 'absent') {
      return [{ ...base, group: 'all', state: 'skipped' as const, reason: each.reason, measures: {} }];
    }
    return each.rows.map(({ group, measures }) => ({ ...base, group, measures }));
  });
}
