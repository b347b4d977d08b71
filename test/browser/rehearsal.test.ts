/// <reference lib="dom" />
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderRehearsalPage } from '../../reports/rehearsal-page/page.js';
import { REHEARSAL } from '../unit/reports/rehearsal.js';
import { findChromium, launch } from './chromium.js';
import { textContrasts } from './contrast.js';

const executable = findChromium();
if (executable === undefined)
  console.warn('test/browser: skipped: no Chromium found; install it or set CHROMIUM_PATH');

describe.skipIf(executable === undefined)('the page of a rehearsal in a browser', () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vecproof-rehearsal-page-'));
    writeFileSync(join(folder, 'index.html'), renderRehearsalPage(REHEARSAL));
    browser = await launch(executable!);
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    { width: 360, colorScheme: 'dark' },
    { width: 1600, colorScheme: 'light' },
  ] as const)(
    'runs nothing, loads nothing, and can be read at $width px, $colorScheme',
    async ({ width, colorScheme }) => {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      const noise: string[] = [];
      page.on('console', (message) => noise.push(message.text()));
      page.on('pageerror', (error) => noise.push(error.message));
      page.on('dialog', (dialog) => {
        noise.push(dialog.message());
        void dialog.dismiss();
      });
      page.on('request', (request) => {
        if (!request.url().startsWith('file:') && !request.url().startsWith('data:'))
          noise.push(request.url());
      });
      await page.goto(pathToFileURL(join(folder, 'index.html')).href);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      const contrasts = await textContrasts(page);
      expect(contrasts.length).toBeGreaterThan(30);
      expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
      await page.locator('details summary').click();
      expect(await page.locator('details table').isVisible()).toBe(true);
      // A fault can be reached by the keyboard's reader as by the eye: the drawing says in words what it shows.
      expect(await page.locator('.chart').getAttribute('aria-label')).toContain('1 windows in 12.3 seconds');
      expect(noise).toEqual([]);
      await page.close();
    },
  );
});
