import { formatNumber } from '../../format.js';
import { element, escaped, figure, roundTicks } from './svg.js';

export interface TrendSpec {
  id: string;
  title: string;
  description: string;
  label: string;
  /** Dates of the runs, oldest first. */
  dates: readonly string[];
  lines: readonly {
    label: string;
    colour: string;
    values: readonly (number | undefined)[];
    /** Runs at which the level changed. */
    changes: readonly { at: number; tooltip: string }[];
  }[];
}

const TOP = 30;
const BOTTOM = 30;

/** Figures over runs: a line for each setting, an upright dashed line where a level changed. */
export function renderTrend(
  spec: TrendSpec,
  size: { name: string; width: number; height: number; font: number },
): string {
  const [left, right] = [58, 18];
  const known = spec.lines.flatMap(({ values }) => values.filter((value) => value !== undefined));
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const pad = (high - low) * 0.08 || Math.abs(high) * 0.005 || 1;
  const [start, end] = [low - pad, high + pad];
  const last = Math.max(1, spec.dates.length - 1);
  const x = (run: number): number => left + (run / last) * (size.width - left - right);
  const y = (value: number): number =>
    TOP + (1 - (value - start) / (end - start)) * (size.height - TOP - BOTTOM);
  const bottom = size.height - BOTTOM;
  const grid = roundTicks(start, end, 4);
  const dates = [...new Set([0, Math.round(last / 2), spec.dates.length - 1])];
  return figure(
    { id: spec.id, size, title: spec.title, description: spec.description },
    element('text', { class: 'axis', x: left, y: 14 }, escaped(spec.label)),
    ...grid.map((tick) =>
      element('line', { x1: left, x2: size.width - right, y1: y(tick), y2: y(tick), stroke: 'var(--grid)' }),
    ),
    ...grid.map((tick) =>
      element('text', { class: 'axis', x: left - 8, y: y(tick) + 4, 'text-anchor': 'end' }, tickText(tick)),
    ),
    ...dates.map((run) =>
      element(
        'text',
        {
          class: 'axis',
          x: x(run),
          y: size.height - 8,
          'text-anchor': run === 0 ? 'start' : run === spec.dates.length - 1 ? 'end' : 'middle',
        },
        escaped(spec.dates[run] ?? ''),
      ),
    ),
    ...spec.lines.flatMap((line) => [...marks(line, x, bottom), ...curve(line, x, y)]),
  );
}

type Line = TrendSpec['lines'][number];

const tickText = (value: number): string =>
  Math.abs(value) < 1 ? String(Number(value.toFixed(5))) : formatNumber(value);

function marks({ changes, colour }: Line, x: (run: number) => number, bottom: number): string[] {
  return changes.map(({ at, tooltip }) => {
    const look = { stroke: colour, 'stroke-width': 1.5, 'stroke-dasharray': '4 3' };
    const where = { x1: x(at - 0.5), x2: x(at - 0.5), y1: TOP, y2: bottom };
    const arrow = `M${x(at - 0.5).toFixed(1)},${TOP - 2}l-5,-8h10z`;
    return element(
      'g',
      { class: 'change' },
      element('title', {}, escaped(tooltip)),
      element('line', { ...where, ...look }),
      element('path', { d: arrow, fill: colour }),
    );
  });
}

function curve(
  { label, colour, values }: Line,
  x: (run: number) => number,
  y: (value: number) => number,
): string[] {
  const points = values.flatMap((value, run) => (value === undefined ? [] : [{ x: x(run), y: y(value) }]));
  const d = points.map((at, i) => `${i === 0 ? 'M' : 'L'}${at.x.toFixed(1)},${at.y.toFixed(1)}`).join('');
  const dots = points.map((at) => element('circle', { cx: at.x, cy: at.y, r: 2.4, fill: colour }));
  return [
    element(
      'g',
      {},
      element('title', {}, escaped(label)),
      element('path', { d, fill: 'none', stroke: colour, 'stroke-width': 1.8 }),
      ...dots,
    ),
  ];
}
