import type { ParameterSet } from '../../common/parameters.js';
import type { TrialRow } from './results.js';

/** Search parameters as the engine used them. */
export const effectiveOf = ({ search, effective }: Pick<TrialRow, 'search' | 'effective'>): ParameterSet => ({
  ...search,
  ...effective,
});

/** Parameters that the engine changed by itself, as they really were. */
export function changedByEngine({
  search,
  effective = {},
}: Pick<TrialRow, 'search' | 'effective'>): ParameterSet {
  return Object.fromEntries(Object.entries(effective).filter(([key, value]) => search[key] !== value));
}
