/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { renderCsv } from '../../reports/csv.js';
import { renderHtml } from '../../reports/html/html.js';
import { buildReport } from '../../reports/model.js';
import { fixture, HOSTILE } from '../unit/reports/fixture.js';
import { withLoads } from '../unit/reports/loads.js';
import { findChromium, launch } from './chromium.js';
import { textContrasts } from './contrast.js';

const executable = findChromium();
const missing = 'skipped: no Chromium found; install it or set CHROMIUM_PATH';
if (executable === undefined) console.warn(`test/browser: ${missing}`);

describe.skipIf(executable === undefined)(
  executable === undefined ? `the report in a browser (${missing})` : 'the report in a browser',
  () => {
    let browser: Browser;
    let folder: string;
    const files: Record<string, string> = {};
    const noise: string[] = [];
    const open: Page[] = [];

    beforeAll(async () => {
      browser = await launch(executable!);
      folder = mkdtempSync(join(tmpdir(), 'vecproof-report-'));
      const all = { plain: {}, troubled: { troubled: true }, loaded: { more: withLoads } };
      for (const [name, options] of Object.entries(all)) {
        files[name] = join(folder, `${name}.html`);
        writeFileSync(files[name], renderHtml(buildReport(fixture(options))));
      }
    });

    afterAll(async () => {
      await browser?.close();
      if (folder !== undefined) rmSync(folder, { recursive: true });
    });

    afterEach(async () => {
      for (const page of open.splice(0)) await page.context().close();
      // Whatever a test looks at: the page never complains and never asks for anything.
      expect(noise.splice(0)).toEqual([]);
    });

    async function show(name: string, options: BrowserContextOptions = {}, hash = ''): Promise<Page> {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      const page = await context.newPage();
      open.push(page);
      const address = pathToFileURL(files[name]!).href;
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') noise.push(message.text());
      });
      page.on('pageerror', (error) => noise.push(error.message));
      page.on('request', (request) => {
        if (!request.url().startsWith(address) && !request.url().startsWith('data:'))
          noise.push(request.url());
      });
      await page.goto(address + hash);
      return page;
    }

    const visibleRows = (page: Page) =>
      page.$$eval('#all tbody tr', (rows) =>
        rows.filter((row) => row.checkVisibility()).map((row) => row.id),
      );

    it('switches sentence, table and marks to another recall', async () => {
      const page = await show('plain');
      const shown = () =>
        // checkVisibility() says true of SVG groups without display, so the style is asked too.
        page.$$eval('.answer, .choice, #chart-throughput svg.wide :is(.guide, .ring)', (nodes) =>
          nodes
            .filter((node) => node.checkVisibility() && getComputedStyle(node).display !== 'none')
            .map((node) => node.getAttribute('class')),
        );
      expect(await shown()).toEqual(
        expect.arrayContaining(['answer t-95 first', 'choice t-95 first', 'guide t-95', 'ring t-95']),
      );
      expect((await shown()).join(' ')).not.toMatch(/t-(90|99|best)/);
      await page.getByText('≥ 0.99', { exact: true }).click();
      expect((await shown()).join(' ')).not.toMatch(/t-(90|95|best)/);
      expect(await page.locator('.answer.t-99').textContent()).toContain('≥ 0.99');
    });

    it('works without a script: readable, all trials listed, recall switched, no dead controls', async () => {
      const page = await show('plain', { javaScriptEnabled: false });
      expect(await page.locator('.answer.t-95').isVisible()).toBe(true);
      expect(await page.locator('.tools').isVisible()).toBe(false);
      expect(await page.locator('#all tbody tr').count()).toBe(84);
      await page.getByText('highest', { exact: true }).click();
      expect(await page.locator('.choice.t-best').isVisible()).toBe(true);
      expect(await page.locator('.choice.t-95').isVisible()).toBe(false);
    });

    it('sorts by a column in both directions, with unmeasured figures last', async () => {
      const page = await show('troubled');
      const head = page.locator('#all thead th', { hasText: 'Throughput' });
      const column = await head.evaluate((cell) => (cell as HTMLTableCellElement).cellIndex);
      const figures = () =>
        page.$$eval(
          '#all tbody tr',
          (rows, at) => rows.map((row) => (row as HTMLTableRowElement).cells[at]!.dataset['sort']),
          column,
        );
      await head.getByRole('button').click();
      expect(await head.getAttribute('aria-sort')).toBe('descending');
      const down = await figures();
      const measured = down.filter((value) => value !== undefined).map(Number);
      expect(measured.length).toBe(72);
      expect(measured).toEqual([...measured].sort((a, b) => b - a));
      expect(down.slice(72)).toEqual(new Array(12).fill(undefined));
      await head.getByRole('button').click();
      const up = await figures();
      expect(up.slice(0, 72).map(Number)).toEqual(measured.toReversed());
      expect(up[72]).toBeUndefined();
    });

    it('filters by words and by contender, and says how many are left', async () => {
      const page = await show('plain');
      await page.getByLabel('Filter').fill('usearch ef=64');
      expect(await visibleRows(page)).toEqual([
        'trial-usearch-hnsw-1-ef64',
        'trial-usearch-hnsw-2-ef64',
        'trial-usearch-hnsw-3-ef64',
        'trial-usearch-hnsw-sq8-1-ef64',
        'trial-usearch-hnsw-sq8-2-ef64',
      ]);
      expect(await page.locator('#shown').textContent()).toBe('5 of 84 trials');
      await page.getByLabel('Contender', { exact: true }).selectOption({ label: 'usearch hnsw-sq8' });
      expect((await visibleRows(page)).length).toBe(2);
      await page.getByLabel('Filter').fill('nothing like it');
      expect(await visibleRows(page)).toEqual([]);
    });

    it('copies the rows shown as CSV', async () => {
      const page = await show('plain', { permissions: ['clipboard-read', 'clipboard-write'] });
      await page.getByRole('button', { name: 'Copy as CSV' }).click();
      await page.getByText('84 rows copied').waitFor();
      const all = await page.evaluate(() => navigator.clipboard.readText());
      expect(all).toBe(renderCsv(fixture().results));
      await page.getByLabel('Filter').fill('lancedb flat');
      await page.getByRole('button', { name: 'Copy as CSV' }).click();
      await page.getByText('1 row copied').waitFor();
      const one = await page.evaluate(() => navigator.clipboard.readText());
      expect(one.split('\n').length).toBe(3);
      expect(one).toContain('\nlancedb-flat-1,');
    });

    it('finds a trial by its link, even if a filter hides it', async () => {
      const page = await show('plain', {}, '#trial-lancedb-ivf-2-nprobe16');
      const row = page.locator('#trial-lancedb-ivf-2-nprobe16');
      await expect.poll(() => row.evaluate((node) => node.getBoundingClientRect().top)).toBeLessThan(900);
      const plain = await page
        .locator('#trial-lancedb-ivf-1-nprobe1 td')
        .first()
        .evaluate((node) => getComputedStyle(node).backgroundColor);
      expect(
        await row
          .locator('td')
          .first()
          .evaluate((node) => getComputedStyle(node).backgroundColor),
      ).not.toBe(plain);
      await page.getByLabel('Filter').fill('usearch');
      expect(await row.isVisible()).toBe(false);
      await page.locator('.choice.t-95 a', { hasText: 'nlist=128 nprobe=16' }).click();
      await page.evaluate(() => {
        location.hash = '#trial-usearch-hnsw-1-ef8';
        location.hash = '#trial-lancedb-ivf-2-nprobe16';
      });
      await expect.poll(() => row.isVisible()).toBe(true);
    });

    it('shows a mark’s setting on hover, and by keyboard', async () => {
      const page = await show('plain');
      const plot = page.locator('#chart-throughput svg.wide');
      await plot.locator('.mark a[href="#trial-lancedb-flat-1"]').hover();
      expect(await page.locator('.tip').textContent()).toMatch(
        /^lancedb flat \(lancedb \d+\.\d+\.\d+\)\ntype=flat quantization=none k=10\nrecall@10 1\.000\nthroughput \d+(\.\d)? queries/,
      );
      await plot.focus();
      await page.keyboard.press('ArrowRight');
      const first = await page.locator('.tip').textContent();
      await page.keyboard.press('ArrowRight');
      expect(await page.locator('.tip').textContent()).not.toBe(first);
      await page.keyboard.press('Enter');
      expect(await page.evaluate(() => location.hash)).toMatch(/^#trial-/);
      await page.keyboard.press('Escape');
      expect(await page.locator('.tip').isVisible()).toBe(false);
    });

    it('is usable by keyboard: switch, sort and filter take the focus and show it', async () => {
      const page = await show('plain');
      const reached = new Set<string>();
      for (let i = 0; i < 90; i++) {
        await page.keyboard.press('Tab');
        const found = await page.evaluate(() => {
          const node = document.activeElement as HTMLElement;
          // The switch's input is invisible: its label shows the focus.
          const seen = node.matches('.switch input') ? (node.nextElementSibling as HTMLElement) : node;
          const what = node.matches('input[type=radio]')
            ? 'switch'
            : node.matches('thead button')
              ? 'sort'
              : node.id;
          return { what, outline: getComputedStyle(seen).outlineStyle };
        });
        if (found.what === '') continue;
        expect(found.outline, found.what).not.toBe('none');
        reached.add(found.what);
        if (found.what === 'switch' && reached.size === 1) {
          await page.keyboard.press('ArrowRight');
          expect(await page.locator('.choice.t-99').isVisible()).toBe(true);
        }
      }
      expect([...reached]).toEqual(
        expect.arrayContaining(['switch', 'filter-text', 'filter-series', 'copy', 'sort']),
      );
    });

    it.each([360, 768, 1600])(
      'fits into %i px without scrolling sideways, whatever the names',
      async (width) => {
        for (const name of ['plain', 'troubled', 'loaded']) {
          const page = await show(name, { viewport: { width, height: 900 } });
          await page.$$eval('details', (nodes) => {
            for (const node of nodes) node.open = true;
          });
          const [inner, outer] = await page.evaluate(() => [
            innerWidth,
            document.documentElement.scrollWidth,
          ]);
          expect(outer).toBeLessThanOrEqual(inner!);
          const shown = await page.$$eval('svg.plot', (plots) =>
            plots.filter((plot) => plot.checkVisibility()).map((plot) => plot.getBoundingClientRect().right),
          );
          expect(shown.length).toBe(name === 'loaded' ? 9 : 5);
          expect(Math.max(...shown)).toBeLessThanOrEqual(width);
        }
      },
    );

    it.each([
      ['plain', 'wide'],
      ['plain', 'narrow'],
      ['loaded', 'wide'],
      ['loaded', 'narrow'],
    ])('keeps the direct labels of the charts apart and inside: %s, %s', async (name, size) => {
      const page = await show(name, { viewport: { width: size === 'wide' ? 1600 : 360, height: 900 } });
      const plots = await page.$$eval(`svg.plot.${size}`, (nodes) =>
        nodes.map((plot) => {
          const { left, right, top, bottom } = plot.getBoundingClientRect();
          const labels = [...plot.querySelectorAll('.label')].map((label) => {
            const box = label.getBoundingClientRect();
            return {
              text: label.textContent!,
              left: box.left,
              right: box.right,
              top: box.top,
              bottom: box.bottom,
            };
          });
          return { left, right, top, bottom, labels };
        }),
      );
      for (const plot of plots) {
        if (name === 'plain') expect(plot.labels.length).toBeGreaterThanOrEqual(7);
        for (const [i, a] of plot.labels.entries()) {
          expect(a.left >= plot.left && a.right <= plot.right + 1, `${a.text} inside`).toBe(true);
          for (const b of plot.labels.slice(i + 1)) {
            const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            // Boxes of text are taller than its letters: a quarter of a line may touch.
            expect(x <= 0 || y <= (a.bottom - a.top) / 4, `${a.text} over ${b.text}`).toBe(true);
          }
        }
      }
    });

    it('shows loads: the knee is ringed, each line is named where there is room, and a click leads to the trial', async () => {
      const page = await show('loaded');
      expect(
        await page.locator('#chart-load-latency .plot.wide .knee circle').count(),
      ).toBeGreaterThanOrEqual(3);
      const curves = page.locator('#chart-load-percentiles .plot.wide .label');
      expect(await curves.count()).toBe(await page.locator('#load > .lead').count());
      const heads = await page.locator('.choice.t-95 thead th').allInnerTexts();
      expect(heads.map((text) => text.replace(/\s+/g, ' '))).toEqual(
        expect.arrayContaining(['p99 ≤ 50 ms queries/s', 'CPU core-s / 10⁶']),
      );
      await page.locator('#load > .scroll .setting a').first().click();
      expect(page.url()).toMatch(/#trial-/);
    });

    it.each(['light', 'dark'] as const)('has text of at least 4.5:1 contrast in %s', async (colorScheme) => {
      const page = await show('troubled', { colorScheme });
      await page.$$eval('details', (nodes) => {
        for (const node of nodes) node.open = true;
      });
      const contrasts = await textContrasts(page);
      expect(contrasts.length).toBeGreaterThan(500);
      expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
    });

    it('prints black on white, with every target and no controls, even from a dark screen', async () => {
      const page = await show('troubled', { colorScheme: 'dark' });
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      const { ink, paper } = await page.evaluate(() => {
        const { color, backgroundColor } = getComputedStyle(document.body);
        return { ink: color, paper: backgroundColor };
      });
      expect([ink, paper]).toEqual(['rgb(0, 0, 0)', 'rgb(255, 255, 255)']);
      expect(await page.locator('.choice:visible').count()).toBe(4);
      expect(await page.locator('.tools, .switch, nav').filter({ visible: true }).count()).toBe(0);
      const reason = page.locator('.choice.t-95 .why').first();
      expect((await reason.boundingBox())!.height).toBeGreaterThan(5);
      const pdf = await page.pdf({ format: 'A4' });
      expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    });

    it('runs nothing that came with the data', async () => {
      const page = await show('troubled');
      expect(await page.evaluate(() => (globalThis as Record<string, unknown>)['__hacked'])).toBeUndefined();
      expect(await page.locator('img').count()).toBe(0);
      expect(await page.locator('#all .series', { hasText: HOSTILE.html }).first().isVisible()).toBe(true);
      await page.locator('#chart-throughput svg.wide .mark a[href*="_22__3e__3c_script"]').hover();
      expect(await page.evaluate(() => (globalThis as Record<string, unknown>)['__hacked'])).toBeUndefined();
    });

    it('is smaller than 1 MB', () => {
      for (const file of Object.values(files)) expect(statSync(file).size).toBeLessThan(1_000_000);
    });
  },
);
