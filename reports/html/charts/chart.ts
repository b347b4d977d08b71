import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { Measure } from '../../../harness/store/schema.js';
import { DASHES } from '../../identity.js';
import type { SeriesRef } from '../../model/types.js';
import { trialAnchor } from '../cells.js';
import { type Anchor, type PlacedLabel, placeLabels } from './labels.js';
import { type RecallScale, recallScale } from './recall-scale.js';
import { type ValueScale, valueScale } from './value-scale.js';

export interface ChartMark {
  id: string;
  series: SeriesRef;
  recall: Measure;
  value: Measure;
  /** On the Pareto front of its series; others are faded. */
  front: boolean;
  tooltip: string;
  /** Classes of the targets (`t-95`) at which this setting is the chosen one. */
  chosen: readonly string[];
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
  log: boolean;
  marks: readonly ChartMark[];
  guides: readonly { recall: number; className: string }[];
}

export interface ChartSize {
  name: string;
  width: number;
  height: number;
  /** Room to the right of the plot for labels. */
  right: number;
  font: number;
}

const TOP = 34;
const BOTTOM = 42;
const LEFT = 56;

/** Everything that is needed to draw in pixels, so that labels can be placed where Plot puts the marks. */
interface Frame {
  spec: ChartSpec;
  size: ChartSize;
  x: RecallScale;
  y: ValueScale;
  pixel(recall: number, value: number): Anchor;
}

/** One chart of recall against a value, as SVG text: no styles of its own, no script, colours from CSS variables. */
export function renderChart(spec: ChartSpec, size: ChartSize): string {
  const frame = frameOf(spec, size);
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const svg = Plot.plot({
    document,
    width: size.width,
    height: size.height,
    marginTop: TOP,
    marginRight: size.right,
    marginBottom: BOTTOM,
    marginLeft: LEFT,
    className: 'plot',
    x: { type: 'linear', domain: [...frame.x.domain], axis: null },
    y: { type: frame.y.type, domain: [...frame.y.domain], axis: null },
    marks: [...axes(frame), ...guides(frame), ...bars(frame), ...lines(frame), ...dots(frame)],
  }) as unknown as SVGElementLike;
  finish(svg, frame, document as unknown as DocumentLike);
  return compact(svg.outerHTML);
}

function frameOf(spec: ChartSpec, size: ChartSize): Frame {
  const recalls = spec.marks.flatMap(({ recall }) => [
    recall.value,
    recall.low ?? recall.value,
    recall.high ?? recall.value,
  ]);
  const values = spec.marks.flatMap(({ value }) => [
    value.value,
    value.low ?? value.value,
    value.high ?? value.value,
  ]);
  const inner = { width: size.width - LEFT - size.right, height: size.height - TOP - BOTTOM };
  const x = recallScale(recalls, inner.width);
  const y = valueScale(values, spec.log);
  const [x0, x1] = x.domain;
  const scale = y.type === 'log' ? Math.log : (value: number) => value;
  const [y0, y1] = [scale(y.domain[0]), scale(y.domain[1])];
  return {
    spec,
    size,
    x,
    y,
    pixel: (recall, value) => ({
      x: LEFT + ((x.at(recall) - x0) / (x1 - x0)) * inner.width,
      y: TOP + (1 - (scale(value) - y0) / (y1 - y0)) * inner.height,
    }),
  };
}

function axes({ spec, size, x, y }: Frame): Plot.Markish[] {
  const xText = new Map(x.ticks.map((tick) => [tick.x, tick.label]));
  const yText = new Map(y.ticks.map((tick) => [tick.value, tick.label]));
  return [
    Plot.gridX(
      x.ticks.map((tick) => tick.x),
      { className: 'grid', stroke: 'var(--grid)', strokeOpacity: 1 },
    ),
    Plot.gridY(
      y.ticks.map((tick) => tick.value),
      { className: 'grid', stroke: 'var(--grid)', strokeOpacity: 1 },
    ),
    Plot.axisX(
      x.ticks.map((tick) => tick.x),
      {
        tickFormat: (at: number) => xText.get(at) ?? '',
        tickSize: 0,
        label: spec.recallLabel,
        labelAnchor: 'center',
        labelArrow: 'none',
        labelOffset: 38,
        fontSize: size.font,
        className: 'axis',
      },
    ),
    Plot.axisY(
      y.ticks.map((tick) => tick.value),
      {
        tickFormat: (value: number) => yText.get(value) ?? '',
        tickSize: 0,
        label: spec.label,
        labelAnchor: 'top',
        labelArrow: 'none',
        fontSize: size.font,
        className: 'axis',
      },
    ),
    ...(x.gap === undefined
      ? []
      : [
          Plot.ruleX([x.gap], {
            className: 'gap',
            stroke: 'currentColor',
            strokeDasharray: '1 4',
            strokeOpacity: 0.6,
          }),
        ]),
  ];
}

function guides({ spec, x }: Frame): Plot.Markish[] {
  return spec.guides
    .filter(({ recall }) => x.at(recall) >= x.domain[0])
    .map(({ recall, className }) =>
      Plot.ruleX([x.at(recall)], {
        className: `guide ${className}`,
        stroke: 'currentColor',
        strokeWidth: 1.5,
      }),
    );
}

const colour = (series: SeriesRef): string => `var(--series-${series.identity.colour})`;

/** 95% intervals in both directions, those of dominated marks nearly invisible. */
function bars({ spec, x }: Frame): Plot.Markish[] {
  return grouped(spec.marks).flatMap(({ series, marks }) => {
    const look = (front: boolean) => ({
      stroke: colour(series),
      strokeOpacity: front ? 0.65 : 0.16,
      strokeWidth: 1.2,
      className: 'bar',
    });
    return [true, false].flatMap((front) => {
      const own = marks.filter((mark) => mark.front === front);
      const wide = own.filter(
        ({ recall }) => recall.low !== null && recall.high !== null && recall.high > recall.low,
      );
      const high = own.filter(
        ({ value }) => value.low !== null && value.high !== null && value.high > value.low,
      );
      return [
        Plot.link(wide, {
          x1: (d: ChartMark) => x.at(d.recall.low!),
          x2: (d: ChartMark) => x.at(d.recall.high!),
          y: (d: ChartMark) => d.value.value,
          ...look(front),
        }),
        Plot.link(high, {
          x: (d: ChartMark) => x.at(d.recall.value),
          y1: (d: ChartMark) => d.value.low!,
          y2: (d: ChartMark) => d.value.high!,
          ...look(front),
        }),
      ];
    });
  });
}

function lines({ spec, x }: Frame): Plot.Markish[] {
  return grouped(spec.marks).map(({ series, marks }) =>
    Plot.line(frontOf(marks), {
      x: (d: ChartMark) => x.at(d.recall.value),
      y: (d: ChartMark) => d.value.value,
      stroke: colour(series),
      strokeWidth: 2,
      strokeDasharray: DASHES[series.identity.variant % DASHES.length]!,
      className: 'front',
    }),
  );
}

const frontOf = (marks: readonly ChartMark[]): ChartMark[] =>
  marks.filter(({ front }) => front).sort((a, b) => a.recall.value - b.recall.value);

function dots({ spec, x }: Frame): Plot.Markish[] {
  const at = { x: (d: ChartMark) => x.at(d.recall.value), y: (d: ChartMark) => d.value.value };
  const targets = [...new Set(spec.marks.flatMap(({ chosen }) => chosen))];
  return [
    ...targets.map((target) =>
      Plot.dot(
        spec.marks.filter(({ chosen }) => chosen.includes(target)),
        { ...at, r: 9, stroke: colourOf, strokeWidth: 1.5, className: `ring ${target}` },
      ),
    ),
    ...grouped(spec.marks).flatMap(({ series, marks }) =>
      [false, true].map((front) =>
        Plot.dot(
          marks.filter((mark) => mark.front === front),
          {
            ...at,
            symbol: series.identity.shape,
            r: front ? 4.2 : 3.4,
            stroke: colour(series),
            fill: series.identity.variant % 2 === 0 ? colour(series) : 'var(--page)',
            strokeWidth: 1.4,
            opacity: front ? 1 : 0.35,
            title: (d: ChartMark) => d.tooltip,
            href: (d: ChartMark) => `#${trialAnchor(d.id)}`,
            className: front ? 'mark' : 'mark dominated',
          },
        ),
      ),
    ),
  ];
}

const colourOf = (mark: ChartMark): string => colour(mark.series);

function grouped(marks: readonly ChartMark[]): { series: SeriesRef; marks: ChartMark[] }[] {
  const groups = new Map<string, { series: SeriesRef; marks: ChartMark[] }>();
  for (const mark of marks) {
    const group = groups.get(mark.series.key) ?? { series: mark.series, marks: [] };
    group.marks.push(mark);
    groups.set(mark.series.key, group);
  }
  return [...groups.values()];
}

/** The few parts of the DOM that are used here; the project compiles without the browser's types. */
interface ElementLike {
  setAttribute(name: string, value: string): void;
  append(...nodes: ElementLike[]): void;
  prepend(...nodes: ElementLike[]): void;
  remove(): void;
  textContent: string | null;
}
interface SVGElementLike extends ElementLike {
  outerHTML: string;
  querySelectorAll(selector: string): Iterable<ElementLike>;
}
interface DocumentLike {
  createElementNS(namespace: string, name: string): ElementLike;
}

function finish(svg: SVGElementLike, frame: Frame, document: DocumentLike): void {
  const { spec, size } = frame;
  const id = `${spec.id}-${size.name}`;
  const make = (name: string, attributes: Record<string, string | number>, text?: string): ElementLike => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    if (text !== undefined) element.textContent = text;
    return element;
  };
  for (const style of svg.querySelectorAll('style')) style.remove();
  for (const link of svg.querySelectorAll('a')) link.setAttribute('tabindex', '-1');
  svg.setAttribute('class', `plot ${size.name}`);
  svg.setAttribute('role', 'group');
  svg.setAttribute('aria-labelledby', `${id}-title`);
  svg.setAttribute('aria-describedby', `${id}-desc`);
  svg.setAttribute('font-size', String(size.font));
  svg.prepend(
    make('title', { id: `${id}-title` }, spec.title),
    make('desc', { id: `${id}-desc` }, spec.description),
  );
  const arrow = spec.better === 'higher' ? 'better ↗' : 'better ↘';
  svg.append(
    make('text', { class: 'better', x: size.width - size.right, y: 14, 'text-anchor': 'end' }, arrow),
  );
  for (const label of labels(frame)) drawLabel(svg, label, frame, make);
}

type Make = (name: string, attributes: Record<string, string | number>, text?: string) => ElementLike;

function drawLabel(
  svg: SVGElementLike,
  { key, box, anchor, leader }: PlacedLabel,
  { spec, size }: Frame,
  make: Make,
): void {
  const series = spec.marks.find((mark) => mark.series.key === key)!.series;
  const fill = colour(series);
  if (leader) {
    const x2 = Math.min(Math.max(anchor.x, box.left), box.right);
    const y2 = Math.min(Math.max(anchor.y, box.top + 3), box.bottom - 2);
    svg.append(make('path', { class: 'leader', d: `M${anchor.x},${anchor.y}L${x2},${y2}`, stroke: fill }));
  }
  labelRows(series.label, size).forEach((row, index, rows) => {
    const y = box.top + ((index + 0.8) * (box.bottom - box.top)) / rows.length;
    svg.append(make('text', { class: 'label', x: box.left, y, 'text-anchor': 'start', fill }, row));
  });
}

function labels(frame: Frame): PlacedLabel[] {
  const { spec, size, pixel } = frame;
  const at = (mark: ChartMark): Anchor => pixel(mark.recall.value, mark.value.value);
  const series = grouped(spec.marks);
  const requests = series.flatMap(({ series: { key, label }, marks }) => {
    const ends = frontOf(marks).map(at);
    const rows = labelRows(label, size);
    const width = Math.max(...rows.map((row) => row.length)) * size.font * 0.6 + 4;
    const [first, last] = [ends[0], ends.at(-1)];
    return last === undefined || first === undefined
      ? []
      : [
          {
            key,
            width,
            height: rows.length * (size.font + 2),
            anchors: ends.length > 1 ? [last, first] : [last],
          },
        ];
  });
  const obstacles = [...spec.marks.map(at), ...series.flatMap(({ marks }) => along(frontOf(marks).map(at)))];
  return placeLabels(requests, obstacles, {
    left: LEFT + 2,
    top: TOP - 4,
    right: size.width - 2,
    bottom: size.height - BOTTOM - 2,
  });
}

/** A long label breaks once on narrow charts, at the space nearest to its middle. */
function labelRows(label: string, { width }: ChartSize): string[] {
  const shorten = (text: string, limit: number): string =>
    text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  const cut = label.indexOf(' ');
  if (width > 500 || cut < 0) return [shorten(label, 24)];
  return [shorten(label.slice(0, cut), 15), shorten(label.slice(cut + 1), 15)];
}

/** Points every few pixels along a polyline. */
function along(points: readonly Anchor[]): Anchor[] {
  return points.slice(1).flatMap((end, index) => {
    const start = points[index]!;
    const steps = Math.ceil(Math.hypot(end.x - start.x, end.y - start.y) / 10);
    return Array.from({ length: steps }, (_, i) => ({
      x: start.x + ((end.x - start.x) * i) / steps,
      y: start.y + ((end.y - start.y) * i) / steps,
    }));
  });
}

/** Coordinates to a tenth of a pixel: half the size, no visible difference. */
function compact(svg: string): string {
  return svg.replace(
    /(\s(?:d|x|y|x1|x2|y1|y2|transform)=")([^"]*)(")/g,
    (_, before: string, value: string, after: string) =>
      before + value.replace(/-?\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1)))) + after,
  );
}
