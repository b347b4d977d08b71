import { doubtSigns } from '../../harness/model/flags.js';
import type { Measure } from '../../harness/model/results.js';
import type { Point } from './series.js';

/** The figure of the passes that choose among settings; where there was one pass, of that. */
export const choosingFigure = ({ measures }: Point, name: string): number | undefined =>
  measures[name]?.split?.chooses ?? measures[name]?.value;

/** What is reported of a chosen setting: of times, the figures of the passes that did not choose it. */
export function reportedFigures({ measures }: Point): Readonly<Record<string, Measure>> {
  return Object.fromEntries(
    Object.entries(measures).map(([name, measure]) => {
      const { split, ...rest } = measure;
      if (split === undefined) return [name, measure];
      const { value, low, high } = split;
      return [name, { ...rest, value, low, high }];
    }),
  );
}

/** Whether a measure of a setting's speed is doubtful. */
export const isDoubtful = ({ flags }: Pick<Point, 'flags'>, measure: string): boolean =>
  doubtSigns(flags, measure) !== '';
