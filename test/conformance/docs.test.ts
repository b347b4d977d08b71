import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { committedStatic, DOC, renderStatic, UNMEASURED, writeStatic } from './engines-doc.js';
import { committedEngines, renderEngines, writeEngines } from './filters-doc.js';
import { contenders } from './session.js';

test('docs/engines.md says what the definitions say (VECPROOF_WRITE_DOCS=1 writes it)', async () => {
  if (process.env['VECPROOF_WRITE_DOCS']) await writeStatic();
  expect(await committedStatic()).toBe(renderStatic());
});

test('docs/engines.md holds a row for every sweep, measured for all engines but servers', async () => {
  const page = await readFile(DOC, 'utf8');
  const rows = page
    .split('\n')
    .filter((line) => /\| (\d\.\d{3}(, \d\.\d{3})*|not measured yet) \|$/.test(line));
  expect(rows).toHaveLength(contenders.flatMap(({ facts }) => facts.sweeps).length);
  const servers = contenders
    .filter(({ definition }) => definition.server !== undefined)
    .map(({ name }) => name);
  const open = rows.filter((row) => row.includes(UNMEASURED)).map((row) => row.split(' | ')[0]!.slice(2));
  expect(open.filter((name) => !servers.includes(name))).toEqual([]);
});

test('docs/filters.md says what the engines declare of filters (VECPROOF_WRITE_DOCS=1 writes it)', async () => {
  const text = renderEngines(contenders.map(({ definition }) => definition));
  if (process.env['VECPROOF_WRITE_DOCS']) await writeEngines(text);
  expect(await committedEngines()).toBe(text);
});
