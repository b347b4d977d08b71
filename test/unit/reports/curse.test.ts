import { describe, expect, it } from 'vitest';
import { chosenOf } from './curse.js';

describe('a contender whose settings are all equally fast, passes differing by 10%', () => {
  it.each([2, 3, 4])('gains nothing by having many, with %i passes', (passes) => {
    for (const settings of [1, 3, 21]) {
      const { shown, before, held } = chosenOf(settings, passes, { seed: passes * 100 + settings });
      // Standard error of the mean: 10% / √400 = 0.5%, of the passes that report.
      expect(Math.abs(shown), `${settings} settings`).toBeLessThan(1.5);
      expect(held, `${settings} settings`).toBeGreaterThan(0.94);
      if (settings === 21) expect(before).toBeGreaterThan(8);
    }
  });

  it('is flattered by a single pass, which has no interval', () => {
    expect(chosenOf(21, 1)).toMatchObject({ held: 0 });
    expect(chosenOf(21, 1).shown).toBeGreaterThan(15);
  });
});
