import { settingOf } from '../gate/thresholds.js';
import type { ParityTrial, Results } from '../model/results.js';

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
