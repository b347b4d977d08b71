import { DASHES } from '../../identity.js';
import type { SeriesRef } from '../../model/types.js';
import { swatchPath } from '../cells.js';
import { colourOf, type FloorLine, fillOf, floorName } from './spec.js';
import { element, escaped, figure } from './svg.js';
import type { ValueScale } from './value-scale.js';

/** One line of a chart of many points, with its name at its end. */
export interface Curve {
  series: SeriesRef;
  label: string;
  /** Under its name, in a quieter ink. */
  note: string;
  tooltip: string;
  /** Parts of the line between which there is nothing; x in the chart's own units, ascending. */
  parts: readonly (readonly { x: number; y: number }[])[];
}

export interface CurvesSpec {
  id: string;
  title: string;
  description: string;
  /** Head of the value axis, with its unit. */
  label: string;
  xLabel: string;
  x: { domain: readonly [number, number]; ticks: readonly { x: number; label: string }[] };
  y: ValueScale;
  curves: readonly Curve[];
  /** A limit that is drawn across. */
  limit: { value: number; label: string } | undefined;
  /** What the client alone reaches, behind the curves. */
  floors: readonly FloorLine[];
}

export interface CurvesSize {
  name: string;
  width: number;
  height: number;
  /** Room to the right of the plot for labels; 0: they stand in a key below. */
  right: number;
  font: number;
}

const TOP = 30;
const BOTTOM = 44;
const LEFT = 56;

interface Frame {
  size: CurvesSize;
  at: (x: number) => number;
  up: (y: number) => number;
  bottom: number;
  end: number;
}

/** Lines over time or percentile: colour, dash and mark are those that a contender has everywhere. */
export function renderCurves(spec: CurvesSpec, size: CurvesSize): { svg: string; key: readonly SeriesRef[] } {
  const frame = frameOf(spec, size);
  const svg = figure(
    { id: spec.id, size, title: spec.title, description: spec.description },
    ...axes(spec, frame),
    ...limitLine(spec, frame),
    ...spec.floors.flatMap((floor, number) => floorLine(floor, number, frame)),
    ...spec.curves.map((curve) => line(curve, frame)),
    ...(size.right > 0 ? labels(spec.curves, frame) : []),
  );
  return { svg, key: size.right > 0 ? [] : spec.curves.map(({ series }) => series) };
}

function frameOf({ x, y }: CurvesSpec, size: CurvesSize): Frame {
  const end = size.width - Math.max(size.right, 14);
  const bottom = size.height - BOTTOM;
  const scale = y.type === 'log' ? Math.log : (value: number) => value;
  const [low, high] = [scale(y.domain[0]), scale(y.domain[1])];
  const [first, last] = x.domain;
  const clamp = (value: number) => Math.min(Math.max(value, y.domain[0]), y.domain[1]);
  return {
    size,
    bottom,
    end,
    at: (value) => LEFT + ((value - first) / (last - first || 1)) * (end - LEFT),
    up: (value) => TOP + (1 - (scale(clamp(value)) - low) / (high - low || 1)) * (bottom - TOP),
  };
}

function axes({ label, xLabel, x, y }: CurvesSpec, { at, up, bottom, end, size }: Frame): string[] {
  const grid = { stroke: 'var(--grid)' };
  return [
    ...x.ticks.map((tick) =>
      element('line', { x1: at(tick.x), x2: at(tick.x), y1: TOP, y2: bottom, ...grid }),
    ),
    ...y.ticks.map((tick) =>
      element('line', { x1: LEFT, x2: end, y1: up(tick.value), y2: up(tick.value), ...grid }),
    ),
    ...x.ticks.map((tick) =>
      element(
        'text',
        { class: 'axis', x: at(tick.x), y: bottom + 17, 'text-anchor': 'middle' },
        escaped(tick.label),
      ),
    ),
    ...y.ticks.map((tick) =>
      element(
        'text',
        { class: 'axis', x: LEFT - 8, y: up(tick.value) + 4, 'text-anchor': 'end' },
        escaped(tick.label),
      ),
    ),
    element('text', { class: 'axis', x: 4, y: 12 }, escaped(label)),
    element(
      'text',
      { class: 'axis', x: (LEFT + end) / 2, y: size.height - 6, 'text-anchor': 'middle' },
      escaped(xLabel),
    ),
    element('text', { class: 'better', x: end, y: 12, 'text-anchor': 'end' }, 'better ↓'),
  ];
}

function limitLine({ limit, y }: CurvesSpec, { up, end }: Frame): string[] {
  if (limit === undefined || limit.value < y.domain[0] || limit.value > y.domain[1]) return [];
  const at = up(limit.value);
  return [
    element('line', {
      class: 'limit',
      x1: LEFT,
      x2: end,
      y1: at,
      y2: at,
      stroke: 'currentColor',
      'stroke-width': 1.2,
      'stroke-dasharray': '2 4',
    }),
    element('text', { class: 'axis halo', x: LEFT + 6, y: at - 5 }, escaped(limit.label)),
  ];
}

function floorLine({ label, points }: FloorLine, number: number, { at, up, size }: Frame): string[] {
  const { point, anchor } = floorName(points, number);
  if (point === undefined) return [];
  // A line of one point would not be seen.
  const dot = {
    class: 'floor',
    cx: at(point.x).toFixed(1),
    cy: up(point.y).toFixed(1),
    r: 1.6,
    fill: 'var(--quiet)',
  };
  return [
    ...(points.length === 1 ? [element('circle', dot)] : []),
    element('polyline', {
      class: 'floor',
      points: points.map(({ x, y }) => `${at(x).toFixed(1)},${up(y).toFixed(1)}`).join(' '),
      fill: 'none',
      stroke: 'var(--quiet)',
      'stroke-width': 1.2,
      'stroke-dasharray': '5 3',
    }),
    element(
      'text',
      {
        class: 'axis halo',
        x: at(point.x).toFixed(1),
        y: (up(point.y) - 5).toFixed(1),
        'text-anchor': anchor,
        'font-size': size.font - 1,
      },
      escaped(label),
    ),
  ];
}

function line({ series, tooltip, parts }: Curve, { at, up }: Frame): string {
  const colour = colourOf(series);
  const d = parts
    .map((points) =>
      points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${at(x).toFixed(1)},${up(y).toFixed(1)}`).join(''),
    )
    .join('');
  const alone = parts.filter((points) => points.length === 1).flat();
  return element(
    'g',
    {},
    element('title', {}, escaped(tooltip)),
    element('path', {
      d,
      fill: 'none',
      stroke: colour,
      'stroke-width': 1.8,
      'stroke-linejoin': 'round',
      'stroke-dasharray': DASHES[series.identity.line]!,
    }),
    ...alone.map(({ x, y }) => element('circle', { cx: at(x), cy: up(y), r: 2, fill: colour })),
  );
}

/** A mark at the end of each line and its name beside it, moved apart where they would meet. */
function labels(curves: readonly Curve[], { at, up, size, bottom, end }: Frame): string[] {
  const height = 2 * size.font + 6;
  const ends = curves
    .flatMap((curve) => {
      const last = curve.parts.at(-1)?.at(-1);
      return last === undefined ? [] : [{ curve, x: at(last.x), y: up(last.y), place: up(last.y) }];
    })
    .sort((a, b) => a.y - b.y);
  for (let i = 1; i < ends.length; i++)
    ends[i]!.place = Math.max(ends[i]!.place, ends[i - 1]!.place + height);
  const over = (ends.at(-1)?.place ?? 0) - bottom;
  if (over > 0) {
    for (let i = ends.length - 1; i >= 0; i--) {
      const below = ends[i + 1]?.place ?? bottom + height;
      ends[i]!.place = Math.min(ends[i]!.place, below - height);
    }
  }
  return ends.flatMap(({ curve: { series, label, note }, x, y, place }) => {
    const colour = colourOf(series);
    return [
      element('path', {
        transform: `translate(${x.toFixed(1)},${y.toFixed(1)}) scale(0.75)`,
        d: swatchPath(series.identity.shape),
        fill: fillOf(series),
        stroke: colour,
        'stroke-width': 1.8,
      }),
      element('path', {
        class: 'leader',
        d: `M${x.toFixed(1)},${y.toFixed(1)}L${(end + 8).toFixed(1)},${(place - 1).toFixed(1)}`,
        stroke: colour,
      }),
      element('text', { class: 'label', x: end + 11, y: place + 3, fill: colour }, escaped(label)),
      element('text', { class: 'axis', x: end + 11, y: place + 4 + size.font }, escaped(note)),
    ];
  });
}
