import { definitionOf } from '../../harness/model/measures/catalogue.js';
import type { TrialRow } from '../../harness/model/results.js';
import { formatNumber } from '../format.js';
import type { FloorLine } from './charts/spec.js';

/** Of the values of a chart, beyond which a floor is named below the picture: it would be all that is seen. */
const FAR = 10;

/** Floors of a chart: lines as far as they are near its values, and words for the others. */
export interface Floors {
  lines: readonly FloorLine[];
  note: string;
}

/**
 * What an echo reached under the same loads, by the way in which queries are sent: of several contenders that send alike the
 * median.
 *
 * @param values of the chart's marks, in the unit of the measure
 */
export function floorsOf(
  entries: readonly { at: number; trial: TrialRow; measure: string }[],
  values: readonly number[],
): Floors {
  const ways = new Map<string, Map<number, number[]>>();
  for (const { at, trial, measure } of entries) {
    const value = trial.measures[measure]?.value;
    if (value === undefined || value <= 0) continue;
    const way = ways.get(wayOf(trial)) ?? new Map<number, number[]>();
    way.set(at, [...(way.get(at) ?? []), value]);
    ways.set(wayOf(trial), way);
  }
  const all = [...ways].map(
    ([way, points]): FloorLine => ({
      label: `floor, ${way}`,
      points: [...points].sort(([a], [b]) => a - b).map(([x, own]) => ({ x, y: middle(own) })),
    }),
  );
  const [low, high] = [Math.min(...values) / FAR, Math.max(...values) * FAR];
  const isNear = ({ points }: FloorLine) => points.some(({ y }) => y >= low && y <= high);
  const unit = definitionOf(entries[0]?.measure ?? '')?.unit ?? '';
  const far = all
    .filter((line) => !isNear(line))
    .map(({ label, points }) => `${label} ${spanOf(points)} ${unit}`);
  return {
    lines: all.filter(isNear).map((line) => ({
      ...line,
      points: line.points.filter(({ y }) => y >= low && y <= high),
    })),
    note: [
      ...(far.length < all.length ? ['Dashed: an echo under the same load.'] : []),
      ...(far.length > 0 ? [`Outside of the picture: ${far.join('; ')}.`] : []),
    ].join(' '),
  };
}

const wayOf = ({ client }: TrialRow): string => client ?? 'in process';

const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[(values.length - 1) >> 1]!;

function spanOf(points: FloorLine['points']): string {
  const values = points.map(({ y }) => y);
  const [low, high] = [Math.min(...values), Math.max(...values)].map((value) => short(value));
  return low === high ? low! : `${low} to ${high}`;
}

const short = (value: number): string =>
  value < 1 ? String(Number(value.toPrecision(2))) : formatNumber(value);
