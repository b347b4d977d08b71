import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exportCollection } from '../../migration/export/export.js';
import { takeInventory } from '../../migration/inventory/take.js';
import { validatePlace } from '../../migration/validate/validate.js';
import { verify } from '../../migration/verify/verify.js';
import { inventoryPage } from '../../reports/migration/inventory.js';
import { validationPage } from '../../reports/migration/validation.js';
import { verificationPage } from '../../reports/migration/verification.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { SPEC, somePoints } from './helpers/collection.js';
import { memorySource } from './helpers/memory-source.js';

const EVIL = '<script>alert(1)</script>\u202e"&';

test('pages of inventory, validation and verification say it all, without script, and escape what data say', async () => {
  const work = new Workspace();
  const signal = new AbortController().signal;
  const surroundings = { cwd: work.folder, env: {}, signal };
  const points = somePoints(40).map((point, i) => ({
    ...point,
    id: i === 3 ? EVIL : point.id,
    metadata: { ...point.metadata, [EVIL]: i === 3 ? ['x'] : `a${i}` },
    tenant: i === 4 ? undefined : EVIL,
  }));
  for (const [name, some] of [
    ['a', points],
    ['b', points.slice(1)],
  ] as const) {
    mkdirSync(join(work.folder, name));
    const source = memorySource(some, { ids: 'string', vectors: SPEC.vectors });
    await exportCollection(source, { folder: join(work.folder, name), signal });
  }
  const pages = [
    inventoryPage(await takeInventory('export:a', surroundings)),
    validationPage(await validatePlace('export:a', surroundings)),
    verificationPage(await verify('export:a', 'export:b', surroundings)),
  ];
  for (const page of pages) {
    expect(page).toContain("default-src 'none'");
    expect(page).not.toContain('<script');
    expect(page).not.toContain('alert(1)</');
    expect(page).not.toContain('\u202e');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  }
  expect(pages[0]).toContain('files answer no searches');
  expect(pages[1]).toContain('type-drift');
  expect(pages[2]).toContain('1 id differs, 39 are the same');
});
