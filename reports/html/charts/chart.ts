import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { SeriesRef } from '../../model/types.js';
import { type Frame, frameOf } from './frame.js';
import { type LabelView, labelsOf } from './label-layer.js';
import { layers } from './layers.js';
import { type ChartSize, type ChartSpec, colourOf, MARGIN } from './spec.js';

/** A chart in one of its sizes. */
export interface Picture {
  /** Name of the size. */
  size: string;
  svg: string;
  /** Contenders for whose name there was no room: they stand in a key below. */
  key: readonly SeriesRef[];
}

/**
 * One chart of recall against a value, as SVG text: no script, no styles of its own, colours from the variables of
 * the page's style sheet, a title and a description for screen readers.
 */
export function renderChart(spec: ChartSpec, size: ChartSize): Picture {
  const frame = frameOf(spec, size);
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const svg = Plot.plot({
    document,
    width: size.width,
    height: size.height,
    marginTop: MARGIN.top,
    marginRight: size.right,
    marginBottom: MARGIN.bottom,
    marginLeft: MARGIN.left,
    className: 'plot',
    x: { type: 'linear', domain: [...frame.x.domain], axis: null },
    y: { type: frame.y.type, domain: [...frame.y.domain], axis: null },
    marks: layers(frame),
  }) as unknown as SvgElement;
  const { placed, left } = labelsOf(frame);
  finish(svg, frame, placed, document as unknown as SvgDocument);
  round(svg);
  return { size: size.name, svg: svg.outerHTML, key: left };
}

/** The few parts of the DOM that are used here; the project compiles without the browser's types. */
interface SvgNode {
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  append(...nodes: SvgNode[]): void;
  prepend(...nodes: SvgNode[]): void;
  remove(): void;
  textContent: string | null;
}
interface SvgElement extends SvgNode {
  outerHTML: string;
  querySelectorAll(selector: string): Iterable<SvgNode>;
}
interface SvgDocument {
  createElementNS(namespace: string, name: string): SvgNode;
}
type Make = (name: string, attributes: Record<string, string | number>, text?: string) => SvgNode;

function maker(document: SvgDocument): Make {
  return (name, attributes, text) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    if (text !== undefined) element.textContent = text;
    return element;
  };
}

function finish(svg: SvgElement, frame: Frame, labels: readonly LabelView[], document: SvgDocument): void {
  const { spec, size } = frame;
  const make = maker(document);
  const id = `${spec.id}-${size.name}`;
  for (const style of svg.querySelectorAll('style')) style.remove();
  for (const link of svg.querySelectorAll('a')) {
    link.setAttribute('tabindex', '-1');
    link.removeAttribute('fill');
  }
  svg.setAttribute('class', `plot ${size.name}`);
  svg.setAttribute('role', 'group');
  svg.setAttribute('aria-labelledby', `${id}-title`);
  svg.setAttribute('aria-describedby', `${id}-desc`);
  svg.setAttribute('font-size', String(size.font));
  svg.prepend(
    make('title', { id: `${id}-title` }, spec.title),
    make('desc', { id: `${id}-desc` }, spec.description),
  );
  const corner = { class: 'better', x: size.width - size.right, y: 12, 'text-anchor': 'end' };
  svg.append(make('text', corner, spec.arrow ?? (spec.better === 'higher' ? 'better ↗' : 'better ↘')));
  for (const label of labels) drawLabel(svg, label, make);
}

function drawLabel(svg: SvgElement, { box, anchor, leader, rows, mark }: LabelView, make: Make): void {
  const fill = colourOf(mark.series);
  if (leader) {
    const x = Math.min(Math.max(anchor.x, box.left), box.right);
    const y = Math.min(Math.max(anchor.y, box.top + 3), box.bottom - 2);
    svg.append(make('path', { class: 'leader', d: `M${anchor.x},${anchor.y}L${x},${y}`, stroke: fill }));
  }
  rows.forEach((row, index) => {
    const y = box.top + ((index + 0.8) * (box.bottom - box.top)) / rows.length;
    svg.append(make('text', { class: 'label', x: box.left, y, 'text-anchor': 'start', fill }, row));
  });
}

/** Coordinates to a tenth of a pixel: half the size, no visible difference. */
function round(svg: SvgElement): void {
  for (const element of svg.querySelectorAll('*')) {
    for (const name of ['d', 'x', 'y', 'x1', 'x2', 'y1', 'y2', 'cx', 'cy', 'transform']) {
      const value = element.getAttribute(name);
      if (value !== null)
        element.setAttribute(
          name,
          value.replace(/-?\d+\.\d{2,}/g, (n) => String(Number(Number(n).toFixed(1)))),
        );
    }
  }
}
