import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { costViews, frontierViews } from '../../../reports/html/chart-views.js';
import { type LabelRequest, placeLabels } from '../../../reports/html/charts/labels.js';
import { recallScale } from '../../../reports/html/charts/recall-scale.js';
import { valueScale } from '../../../reports/html/charts/value-scale.js';
import { buildReport } from '../../../reports/model.js';
import { fixture } from './fixture.js';

describe('the recall axis', () => {
  it('puts .9, .99 and .999 equally far apart', () => {
    const { at } = recallScale([0.5, 0.9995], 500);
    expect(at(0.99) - at(0.9)).toBeCloseTo(1, 10);
    expect(at(0.999) - at(0.99)).toBeCloseTo(1, 10);
  });

  it('has a place of its own for 1, behind a gap and right of everything else', () => {
    const scale = recallScale([0.8, 0.9999, 1], 500);
    expect(scale.at(1)).toBeGreaterThan(scale.gap!);
    expect(scale.gap!).toBeGreaterThan(scale.at(0.9999));
    expect(scale.ticks.at(-1)).toEqual({ x: scale.at(1), label: '1' });
  });

  it('has neither gap nor place for 1 where no recall is 1', () => {
    const scale = recallScale([0.8, 0.97], 500);
    expect(scale.gap).toBeUndefined();
    expect(scale.ticks.map(({ label }) => label)).not.toContain('1');
  });

  it('holds every value, in order, and its tick labels never touch', () => {
    const recalls = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(recalls, fc.integer({ min: 180, max: 700 }), (values, width) => {
        const { domain, at, ticks } = recallScale(values, width);
        for (const value of values) {
          expect(at(value)).toBeGreaterThanOrEqual(domain[0]);
          expect(at(value)).toBeLessThanOrEqual(domain[1]);
        }
        const sorted = [...values].sort((a, b) => a - b);
        for (let i = 1; i < sorted.length; i++)
          expect(at(sorted[i]!)).toBeGreaterThanOrEqual(at(sorted[i - 1]!));
        const pixel = (x: number) => ((x - domain[0]) / (domain[1] - domain[0])) * width;
        for (let i = 1; i < ticks.length; i++) {
          const [a, b] = [ticks[i - 1]!, ticks[i]!];
          expect(pixel(b.x) - pixel(a.x)).toBeGreaterThan((a.label.length + b.label.length) * 3.2);
        }
      }),
    );
  });
});

describe('the value axis', () => {
  it('is logarithmic on demand or for a wide range, else starts at zero', () => {
    expect(valueScale([100, 200], true).type).toBe('log');
    expect(valueScale([1, 25], false).type).toBe('log');
    const linear = valueScale([100, 200], false);
    expect(linear.type).toBe('linear');
    expect(linear.domain[0]).toBe(0);
    expect(linear.ticks.map(({ value }) => value)).toEqual([0, 50, 100, 150, 200]);
  });

  it('holds every positive value and has at least two ticks inside', () => {
    const values = fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(values, fc.boolean(), (list, log) => {
        const { domain, ticks } = valueScale(list, log);
        expect(Math.min(...list)).toBeGreaterThanOrEqual(domain[0]);
        expect(Math.max(...list)).toBeLessThanOrEqual(domain[1]);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        for (const { value } of ticks) {
          expect(value).toBeGreaterThanOrEqual(domain[0]);
          expect(value).toBeLessThanOrEqual(domain[1]);
        }
      }),
    );
  });
});

describe('direct labels', () => {
  const bounds = { left: 0, top: 0, right: 600, bottom: 400 };
  const place = fc.record({ x: fc.integer({ min: 0, max: 520 }), y: fc.integer({ min: 0, max: 400 }) });

  it('never cover one another or leave the chart', () => {
    fc.assert(
      fc.property(fc.array(place, { minLength: 2, maxLength: 12 }), (ends) => {
        const requests: LabelRequest[] = ends.map((end, i) => ({
          key: String(i),
          width: 90,
          height: 14,
          anchors: [end],
          others: ends.filter((_, j) => j !== i),
        }));
        const labels = placeLabels(requests, ends, bounds);
        for (const { box } of labels) {
          expect(box.left >= 0 && box.right <= 600 && box.top >= 0 && box.bottom <= 400).toBe(true);
        }
        for (const [i, a] of labels.entries()) {
          for (const b of labels.slice(i + 1)) {
            const apart =
              a.box.right <= b.box.left ||
              b.box.right <= a.box.left ||
              a.box.bottom <= b.box.top ||
              b.box.bottom <= a.box.top;
            expect(apart).toBe(true);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('stand beside their end where there is room', () => {
    const request = { key: 'a', width: 50, height: 14, anchors: [{ x: 300, y: 200 }], others: [] };
    const [label] = placeLabels([request], [{ x: 300, y: 200 }], bounds);
    expect(label).toMatchObject({ leader: false, box: { left: 309, top: 193 } });
  });
});

describe('charts of a report', () => {
  const model = buildReport(fixture());
  const views = [...frontierViews(model), ...costViews(model)];
  const svg = (text: string) => parseHTML(`<body>${text}</body>`).document.querySelector('svg')!;

  it('are five, each in two sizes', () => {
    expect(views.map(({ id, pictures }) => [id, pictures.length])).toEqual([
      ['chart-throughput', 2],
      ['chart-p95', 2],
      ['chart-build', 2],
      ['chart-memory', 2],
      ['chart-size', 2],
    ]);
  });

  it('have a mark for every measured setting, whose tooltip names it in full', () => {
    const root = svg(views[0]!.pictures[0]!.svg);
    expect(root.querySelectorAll('.mark a').length).toBe(model.points.length);
    const titles = [...root.querySelectorAll('.mark title')].map((title) => title.textContent ?? '');
    for (const { series, fullSetting } of model.points) {
      expect(
        titles.some((title) =>
          title.startsWith(`${series.label} (${series.engine} ${series.about})\n${fullSetting}\n`),
        ),
      ).toBe(true);
    }
  });

  it('have title and description for screen readers, under ids of their own', () => {
    const ids = views.flatMap(({ pictures }) =>
      pictures.map(({ svg: text }) => {
        const root = svg(text);
        expect(root.getAttribute('aria-labelledby')).toBe(root.querySelector('title')!.id);
        expect(root.querySelector('desc')!.textContent).toMatch(/contenders?\. Recall@10 from 0\.\d+ to /);
        return root.querySelector('title')!.id;
      }),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('label every series that has a mark', () => {
    const root = svg(views[0]!.pictures[0]!.svg);
    const labels = [...root.querySelectorAll('.label')].map((label) => label.textContent).sort();
    expect(labels).toEqual(model.series.map(({ label }) => label).sort());
  });

  it('bring no style or script of their own, no fixed ink, and finite coordinates', () => {
    for (const text of views.flatMap(({ pictures }) => pictures.map((each) => each.svg))) {
      expect(text).not.toMatch(/<style|<script|NaN|Infinity|undefined/);
      for (const [, ink] of text.matchAll(/(?:stroke|fill)="([^"]*)"/g)) {
        expect(ink).toMatch(/^(var\(--[a-z0-9-]+\)|color-mix\(.*\)|currentColor|none|inherit)$/);
      }
    }
  });

  it('have the same figures in their table', () => {
    const [throughput] = views;
    expect(throughput!.table.rows.length).toBe(model.points.length);
    const [row] = throughput!.table.rows;
    expect(row).toMatchObject({
      recall: expect.stringMatching(/^0\.\d+$/),
      value: expect.stringMatching(/^\d/),
    });
  });

  it('say why a picture is missing', () => {
    const input = fixture({ series: ['lancedb flat'] });
    for (const { measures } of input.results.trials) delete measures['index.size'];
    const size = costViews(buildReport(input)).find(({ id }) => id === 'chart-size')!;
    expect(size).toMatchObject({ pictures: [], empty: 'No completed trial has a figure for index.size.' });
  });
});
