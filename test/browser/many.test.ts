/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderHtml } from '../../reports/html/html.js';
import { buildReport, type ReportModel } from '../../reports/model.js';
import { many } from '../unit/reports/many.js';
import { findChromium, launch } from './chromium.js';

const executable = findChromium();

interface Box {
  text: string;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

interface Chart {
  id: string;
  frame: Box;
  labels: Box[];
  /** Contenders in the key below. */
  key: string[];
}

/** What is seen of each chart. */
const chartsOf = (page: Page): Promise<Chart[]> =>
  page.$$eval('figure.chart', (figures) => {
    const seen = (node: Element) => node.checkVisibility();
    const box = (node: Element) => {
      const { left, right, top, bottom } = node.getBoundingClientRect();
      return { text: node.textContent ?? '', left, right, top, bottom };
    };
    return figures.map((figure) => {
      const plot = [...figure.querySelectorAll('svg.plot')].find(seen)!;
      return {
        id: figure.id,
        frame: box(plot),
        labels: [...plot.querySelectorAll('.label')].map(box),
        key: [...figure.querySelectorAll('.key')]
          .filter(seen)
          .flatMap((key) =>
            [...key.querySelectorAll('.series > span')].map((each) => each.firstChild!.textContent!.trim()),
          ),
      };
    });
  });

describe.skipIf(executable === undefined)('a report of many contenders', () => {
  let browser: Browser;
  let folder: string;
  const models = new Map<number, ReportModel>();

  beforeAll(async () => {
    browser = await launch(executable!);
    folder = mkdtempSync(join(tmpdir(), 'vecproof-many-'));
    for (const count of [12, 20]) {
      models.set(count, buildReport(many(count)));
      writeFileSync(join(folder, `${count}.html`), renderHtml(models.get(count)!));
    }
  });

  afterAll(async () => {
    await browser?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  const cases = [12, 20].flatMap((count) =>
    (['wide', 'phone', 'print'] as const).map((place) => [count, place] as const),
  );

  it.each(cases)('%i, %s: every name stands once, whole, and over no other', async (count, place) => {
    const page = await show(count, place);
    const names = models.get(count)!.series.map(({ label }) => label);
    for (const { id, frame, labels, key } of await chartsOf(page)) {
      // A name takes one or two rows: without their breaks, labels and key are the contenders.
      const written = labels
        .map(({ text }) => text)
        .join('')
        .replaceAll(' ', '').length;
      const wanted = names
        .filter((name) => !key.includes(name))
        .join('')
        .replaceAll(' ', '').length;
      expect(written, id).toBe(wanted);
      expect(
        labels.some(({ text }) => text.includes('…')),
        id,
      ).toBe(false);
      for (const [i, a] of labels.entries()) {
        expect(a.left >= frame.left && a.right <= frame.right + 1, `${id}: ${a.text} inside`).toBe(true);
        expect(a.top >= frame.top && a.bottom <= frame.bottom + 1, `${id}: ${a.text} inside`).toBe(true);
        for (const b of labels.slice(i + 1)) {
          const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
          const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
          // Boxes of text are taller than its letters: a quarter of a line may touch.
          expect(x <= 0 || y <= (a.bottom - a.top) / 4, `${id}: ${a.text} over ${b.text}`).toBe(true);
        }
      }
    }
    await page.context().close();
  });

  it.each(cases)('%i, %s: nothing is wider than the page', async (count, place) => {
    const page = await show(count, place);
    await page.$$eval('details', (nodes) => {
      for (const node of nodes) node.open = true;
    });
    const wide = await page.evaluate(() => {
      const limit = document.documentElement.clientWidth;
      const scrolls = (node: Element) => node.closest('.scroll, pre') !== null;
      return [...document.querySelectorAll('body *')]
        .filter((node) => node.checkVisibility() && !scrolls(node) && !node.matches('.skip'))
        .filter((node) => node.getBoundingClientRect().right > limit + 1)
        .map((node) => `${node.tagName}.${node.getAttribute('class')} ${node.textContent?.slice(0, 40)}`);
    });
    // On paper nothing scrolls: wide tables have a page of their own kind, which the screen cannot show.
    if (place !== 'print') expect(wide).toEqual([]);
    const names = await page.$$eval('#choice .series, #frontier .series', (nodes) =>
      nodes.filter((node) => node.checkVisibility()).map((node) => [node.scrollWidth, node.clientWidth]),
    );
    for (const [content, shown] of names) expect(content).toBeLessThanOrEqual(shown! + 1);
    await page.context().close();
  });

  it.each([12, 20])('%i: no two contenders have the same mark', async (count) => {
    const page = await show(count, 'wide');
    const looks = await page.$$eval('#choice .choice.first .series', (nodes) =>
      nodes.map((node) => {
        const path = node.querySelector('path')!;
        const { fill, stroke } = getComputedStyle(path);
        return [path.getAttribute('d'), fill, stroke].join(' ');
      }),
    );
    expect(looks.length).toBe(count);
    expect(new Set(looks).size).toBe(count);
    await page.context().close();
  });

  async function show(count: number, place: 'wide' | 'phone' | 'print'): Promise<Page> {
    const width = { wide: 1600, phone: 360, print: 700 }[place];
    const context = await browser.newContext({ viewport: { width, height: 900 } });
    const page = await context.newPage();
    if (place === 'print') await page.emulateMedia({ media: 'print' });
    await page.goto(pathToFileURL(join(folder, `${count}.html`)).href);
    return page;
  }
});
