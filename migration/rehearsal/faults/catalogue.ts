import { InputError } from '../../../common/errors.js';
import { suggest } from '../../../common/nearest.js';
import { CHANGE_FAULTS } from './changes.js';
import { CRASH_FAULTS } from './crashes.js';
import type { Fault } from './planting.js';
import { STRANGER_FAULTS } from './strangers.js';
import { TARGET_FAULTS } from './target.js';

/** In the order in which they are planted in a window: what ends a window's work comes last. */
export const FAULTS: readonly Fault[] = [
  ...TARGET_FAULTS,
  ...CRASH_FAULTS,
  ...CHANGE_FAULTS,
  ...STRANGER_FAULTS,
];

/**
 * @param wanted names, each with `@window` for one window alone; `all`
 * @returns faults with the windows in which each is planted
 * @throws InputError for a name or window that there is not
 */
export function chosenFaults(wanted: readonly string[]): (readonly [Fault, Fault['windows']])[] {
  if (wanted.includes('all')) return FAULTS.map((fault) => [fault, fault.windows]);
  return wanted.map((text) => {
    const [name = '', window] = text.split('@');
    const fault = FAULTS.find((each) => each.name === name);
    if (fault === undefined) {
      const names = FAULTS.map((each) => each.name);
      throw new InputError(suggest(`there is no fault "${name}"`, name, names), { where: '--faults' });
    }
    if (window === undefined) return [fault, fault.windows];
    const at = fault.windows.find((each) => each === window);
    if (at === undefined)
      throw new InputError(suggest(`${name} is not planted in "${window}"`, window, fault.windows), {
        where: '--faults',
      });
    return [fault, [at]];
  });
}
