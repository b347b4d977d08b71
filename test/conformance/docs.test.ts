import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { committedStatic, DOC, renderStatic } from './engines-doc.js';
import { SWEEPS } from './sweeps.js';

test('docs/engines.md says what the definitions say (VECPARITY_WRITE_DOCS=1 writes it)', async () => {
  expect(await committedStatic()).toBe(renderStatic());
});

test('docs/engines.md holds a measured row for every sweep', async () => {
  const page = await readFile(DOC, 'utf8');
  const rows = page.split('\n').filter((line) => /\| \d\.\d{3}(, \d\.\d{3})* \|$/.test(line));
  expect(rows).toHaveLength(Object.values(SWEEPS).flat().length);
});
