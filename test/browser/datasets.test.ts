/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinResults } from '../../harness/derive/datasets.js';
import { formatCount } from '../../reports/format.js';
import { renderDatasetsHtml } from '../../reports/html/datasets.js';
import { buildReport } from '../../reports/model.js';
import { datasetsManifest, partInput } from '../unit/reports/datasets-fixture.js';
import { findChromium, launch } from './chromium.js';

const executable = findChromium();
/** The second name is hostile to the page, should it ever be written into it as it is. */
const NAMES = ['small', '"><script>document.title="broken"</script>', 'large'];
const COUNTS = [1234, 5678, 91_011];

describe.skipIf(executable === undefined)(
  executable === undefined
    ? 'a report of several datasets (skipped: no Chromium)'
    : 'a report of several datasets',
  () => {
    let browser: Browser;
    let folder: string;
    let address: string;
    const noise: string[] = [];

    beforeAll(async () => {
      browser = await launch(executable!);
      folder = mkdtempSync(join(tmpdir(), 'vecproof-datasets-'));
      const manifest = datasetsManifest(NAMES);
      const inputs = NAMES.map((name, i) => partInput(manifest, name, COUNTS[i]!));
      const results = joinResults(
        manifest,
        inputs.map((input, i) => ({ name: NAMES[i]!, results: input.results })),
      );
      const parts = inputs.map((input, i) => ({ name: NAMES[i]!, model: buildReport(input) }));
      const file = join(folder, 'report.html');
      writeFileSync(file, renderDatasetsHtml({ results, parts, verdicts: undefined }));
      address = pathToFileURL(file).href;
    });

    afterAll(async () => {
      await browser?.close();
      if (folder !== undefined) rmSync(folder, { recursive: true });
    });

    async function show(options: BrowserContextOptions = {}): Promise<Page> {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      const page = await context.newPage();
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') noise.push(message.text());
      });
      page.on('pageerror', (error) => noise.push(error.message));
      page.on('request', (request) => {
        if (!/^(data|about):/.test(request.url()) && !request.url().startsWith(address))
          noise.push(request.url());
      });
      await page.goto(address);
      return page;
    }

    /** Numbers of the reports that are seen. */
    const seen = (page: Page) =>
      page.$$eval('iframe.page', (frames) =>
        frames.flatMap((frame, i) => (frame.checkVisibility() ? [i] : [])),
      );

    it('shows one report at a time, the first at first, and another when its dataset is chosen', async () => {
      const page = await show();
      expect(await seen(page)).toEqual([0]);
      for (const i of [2, 1, 0]) {
        await page.locator(`label[for="dataset-${i}"]`).click();
        expect(await seen(page)).toEqual([i]);
        const report = page.frameLocator(`iframe.page-${i}`);
        const title = await report.locator('h1').textContent();
        expect(title).toContain(NAMES[i]);
        expect(await report.getByText(formatCount(COUNTS[i]!)).count()).toBeGreaterThan(0);
      }
      expect(noise.splice(0)).toEqual([]);
      await page.context().close();
    });

    it('is switched by the keyboard, too', async () => {
      const page = await show();
      await page.locator('#dataset-0').focus();
      await page.keyboard.press('ArrowRight');
      expect(await seen(page)).toEqual([1]);
      await page.keyboard.press('ArrowRight');
      expect(await seen(page)).toEqual([2]);
      await page.context().close();
    });

    it('is switched without a script, and runs none of a name', async () => {
      for (const javaScriptEnabled of [false, true]) {
        const page = await show({ javaScriptEnabled });
        await page.locator('label[for="dataset-1"]').click();
        expect(await page.locator('iframe.page-1').isVisible()).toBe(true);
        expect(await page.locator('iframe.page-0').isVisible()).toBe(false);
        expect(await page.title()).toContain('on small');
        await page.context().close();
      }
      expect(noise.splice(0)).toEqual([]);
    });

    it('keeps what was chosen in one report apart from the others', async () => {
      const page = await show();
      const first = page.frameLocator('iframe.page-0');
      await first.getByText('≥ 0.99', { exact: true }).click();
      await page.locator('label[for="dataset-2"]').click();
      const other = page.frameLocator('iframe.page-2');
      expect(await other.locator('.answer.t-99').isVisible()).toBe(false);
      await page.locator('label[for="dataset-0"]').click();
      expect(await first.locator('.answer.t-99').isVisible()).toBe(true);
      await page.context().close();
    });
  },
);
