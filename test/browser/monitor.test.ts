/// <reference lib="dom" />
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MonitorView } from '../../migration/monitor/model.js';
import { MonitorServer } from '../../migration/monitor/server.js';
import { renderMonitorPage } from '../../reports/monitor/page.js';
import { monitorView } from '../unit/monitor/view.js';
import { findChromium, launch } from './chromium.js';
import { textContrasts } from './contrast.js';

const executable = findChromium();
const missing = 'skipped: no Chromium found; install it or set CHROMIUM_PATH';
if (executable === undefined) console.warn(`test/browser: ${missing}`);

describe.skipIf(executable === undefined)('the page of a watch in a browser', () => {
  let browser: Browser;
  let server: MonitorServer;
  let address: string;
  let view: MonitorView = monitorView();
  const noise: string[] = [];

  beforeAll(async () => {
    browser = await launch(executable!);
    server = new MonitorServer({
      view: () => view,
      page: renderMonitorPage,
      takeSignals: () => {},
      token: undefined,
    });
    address = `http://127.0.0.1:${await server.listen(0)}/`;
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function show(width: number, colorScheme: 'light' | 'dark') {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') noise.push(message.text());
    });
    page.on('pageerror', (error) => noise.push(error.message));
    await page.goto(address);
    return page;
  }

  test('keeps itself up to date, keeps what was opened open, runs nothing of what it shows, and says when it is cut off', async () => {
    const page = await show(1280, 'light');
    await page.locator('#alert-overlap-1 summary').click();
    await page.locator('#live', { hasText: 'live' }).waitFor();
    view = { ...monitorView('<img src=x onerror=document.title="run">'), answer: 'Another round is over.' };
    // The page has to be listening before it can be told.
    for (
      let told = false;
      !told;
      told = (await page.locator('.answer', { hasText: 'Another round' }).count()) > 0
    ) {
      server.changed();
      await page.waitForTimeout(20);
    }
    expect(await page.locator('#alert-overlap-1 details').getAttribute('open')).not.toBeNull();
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).toContain('move');
    expect(noise.splice(0)).toEqual([]);
    await server.close();
    await page.locator('#live', { hasText: 'not connected' }).waitFor();
    await page.context().close();
    noise.splice(0);
    server = new MonitorServer({
      view: () => view,
      page: renderMonitorPage,
      takeSignals: () => {},
      token: undefined,
    });
    address = `http://127.0.0.1:${await server.listen(0)}/`;
  });

  test.each([
    { width: 360, colorScheme: 'dark' },
    { width: 1600, colorScheme: 'light' },
  ] as const)('can be read at $width px, $colorScheme', async ({ width, colorScheme }) => {
    view = monitorView();
    const page = await show(width, colorScheme);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    const contrasts = await textContrasts(page);
    expect(contrasts.length).toBeGreaterThan(50);
    expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
    await page.context().close();
  });
});
