import type { Measure } from '../../../harness/model/results.js';
import type { SeriesRef } from '../../model/types.js';
import type { RecallScale } from './recall-scale.js';
import type { ValueScale } from './value-scale.js';

export interface ChartMark {
  id: string;
  /** Group of queries of the row that the mark links to; absent: all. */
  group?: string | undefined;
  series: SeriesRef;
  /** Where the mark stands on the x axis. */
  recall: Measure;
  /** In the unit of the chart's axis. */
  value: Measure;
  /** On the Pareto front of its series; others are faded. */
  front: boolean;
  /** Stand beside a mark whose figures are doubtful. */
  signs: string;
  tooltip: string;
  /** Ringed: the last that keeps the limit. */
  knee?: boolean | undefined;
  /** Classes of the targets (`t-95`) at which this setting is the chosen one. */
  chosen: readonly string[];
}

/** What the client alone reaches: a dashed line behind all marks. */
export interface FloorLine {
  label: string;
  /** Ascending by x; in the units of the axes. */
  points: readonly { x: number; y: number }[];
}

/** Where a floor is named: the first at its right end, the next at its left one, then in the middle, as floors lie close to each other. */
export function floorName(
  points: FloorLine['points'],
  number: number,
): { point: FloorLine['points'][number] | undefined; anchor: 'start' | 'middle' | 'end'; dx: number } {
  const places = [
    { at: points.length - 1, anchor: 'end', dx: -2 },
    { at: 0, anchor: 'start', dx: 2 },
    { at: Math.floor(points.length / 2), anchor: 'middle', dx: 0 },
  ] as const;
  const { at, anchor, dx } = places[number % places.length]!;
  return { point: points[at], anchor, dx };
}

export interface ChartSpec {
  /** Unique in the page; prefix of the ids of title and description. */
  id: string;
  title: string;
  description: string;
  /** Head of the value axis, with its unit. */
  label: string;
  recallLabel: string;
  better: 'higher' | 'lower';
  /** Instead of the arrow to a corner. */
  arrow?: string | undefined;
  log: boolean;
  marks: readonly ChartMark[];
  guides: readonly { recall: number; className: string }[];
  /** A limit of the value that is drawn across. */
  limit?: { value: number; label: string } | undefined;
  floors?: readonly FloorLine[] | undefined;
  /** Axes of another kind than recall against a value. */
  x?: RecallScale | undefined;
  y?: ValueScale | undefined;
}

/** One of the sizes in which a chart is drawn; the page shows the one that suits its width. */
export interface ChartSize {
  name: string;
  width: number;
  height: number;
  /** Room to the right of the plot for labels. */
  right: number;
  font: number;
  /** Marks carry their tooltip; a second size of the same chart borrows it from the first. */
  titles: boolean;
}

export const MARGIN = { top: 34, bottom: 42, left: 56 } as const;

export const colourOf = ({ identity }: SeriesRef): string => `var(--series-${identity.colour})`;

/** Inside of a mark: solid, hollow or tinted. */
export function fillOf(series: SeriesRef): string {
  const colour = colourOf(series);
  const fills = [colour, 'var(--page)', `color-mix(in srgb, ${colour} 40%, var(--page))`];
  return fills[series.identity.fill]!;
}

export function bySeries(marks: readonly ChartMark[]): { series: SeriesRef; marks: ChartMark[] }[] {
  const groups = new Map<string, { series: SeriesRef; marks: ChartMark[] }>();
  for (const mark of marks) {
    const group = groups.get(mark.series.key) ?? { series: mark.series, marks: [] };
    group.marks.push(mark);
    groups.set(mark.series.key, group);
  }
  return [...groups.values()];
}

/** Marks on the front, by recall. */
export const frontOf = (marks: readonly ChartMark[]): ChartMark[] =>
  marks.filter(({ front }) => front).sort((a, b) => a.recall.value - b.recall.value);
