import type { Measure } from '../../../harness/model/results.js';
import { element, escaped, figure, roundTicks } from './svg.js';

/** One line of the chart: a figure with its interval, and the one that chance alone gives. */
export interface StripRow {
  label: string;
  value: Measure;
  floor: Measure | undefined;
  colour: string;
  tooltip: string;
}

const ROW = 34;
const TOP = 12;
const BOTTOM = 34;

/** Figures between a low end and 1, one row each; the noise floor is a hollow diamond on the same row. */
export function renderStrip(
  id: string,
  title: string,
  label: string,
  rows: readonly StripRow[],
  size: { name: string; width: number; font: number },
): string {
  const left = size.name === 'wide' ? 190 : 16;
  const right = 20;
  const height = TOP + rows.length * ROW + BOTTOM;
  const ends = rows.flatMap(({ value, floor }) =>
    [value, floor].flatMap((m) => (m ? [m.low ?? m.value] : [])),
  );
  const low = Math.min(0.999, ...ends);
  const start = low - (1 - low) * 0.08;
  const at = (value: number): number => left + ((value - start) / (1 - start)) * (size.width - left - right);
  const ticks = roundTicks(start, 1, size.name === 'wide' ? 6 : 4);
  const floorY = height - BOTTOM;
  const description = rows
    .map(
      (row) =>
        `${row.label}: ${row.value.value.toFixed(4)}${row.floor ? `, noise floor ${row.floor.value.toFixed(4)}` : ''}`,
    )
    .join('; ');
  return figure(
    { id, size: { ...size, height }, title, description: `${description}. Further right is better.` },
    ...ticks.map((tick) =>
      element('line', { x1: at(tick), x2: at(tick), y1: TOP, y2: floorY, stroke: 'var(--grid)' }),
    ),
    ...ticks.map((tick) =>
      element('text', { class: 'axis', x: at(tick), y: floorY + 15, 'text-anchor': 'middle' }, String(tick)),
    ),
    element(
      'text',
      { class: 'axis', x: (left + size.width - right) / 2, y: height - 3, 'text-anchor': 'middle' },
      escaped(label),
    ),
    ...rows.map((row, i) => rowOf(row, TOP + (i + 0.5) * ROW, at, size.name === 'wide' ? left : undefined)),
  );
}

function rowOf(row: StripRow, y: number, at: (value: number) => number, left: number | undefined): string {
  const { value, floor, colour } = row;
  const name =
    left === undefined
      ? element('text', { x: 16, y: y - 8, fill: 'currentColor' }, escaped(row.label))
      : element(
          'text',
          { x: left - 12, y: y + 4, fill: 'currentColor', 'text-anchor': 'end' },
          escaped(row.label),
        );
  const middle = left === undefined ? y + 6 : y;
  const interval =
    value.low === null || value.high === null
      ? ''
      : element('line', {
          x1: at(value.low),
          x2: at(value.high),
          y1: middle,
          y2: middle,
          stroke: colour,
          'stroke-width': 2,
          opacity: 0.6,
        });
  const noise =
    floor === undefined
      ? ''
      : element('path', {
          d: `M${at(floor.value).toFixed(1)},${(middle - 6).toFixed(1)}l6,6l-6,6l-6,-6z`,
          fill: 'var(--page)',
          stroke: 'var(--quiet)',
          'stroke-width': 1.4,
        });
  const dot = element('circle', { cx: at(value.value), cy: middle, r: 4.4, fill: colour });
  return element('g', {}, element('title', {}, escaped(row.tooltip)), name, noise, interval, dot);
}
