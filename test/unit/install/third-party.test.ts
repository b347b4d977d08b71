import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../common/paths.js';
import {
  COPYLEFT,
  isCopyleft,
  lockText,
  THIRD_PARTY,
  thirdParties,
  thirdPartyText,
} from '../../../scripts/write-third-party.js';

const all = thirdParties(lockText());

test('THIRD-PARTY.md is what the lock file says (npm run third-party)', () => {
  expect(readFileSync(THIRD_PARTY, 'utf8')).toBe(thirdPartyText(lockText()));
});

test('every license with conditions on the whole is declared, with the reason', () => {
  const declared = (name: string) => COPYLEFT.some(({ packages }) => packages.test(name));
  expect(all.filter((each) => isCopyleft(each) && !declared(each.name))).toEqual([]);
  for (const { packages } of COPYLEFT)
    expect(
      all.some((each) => packages.test(each.name)),
      String(packages),
    ).toBe(true);
  // What has to be there is under none of them.
  expect(all.filter((each) => isCopyleft(each) && !each.optional)).toEqual([]);
});

test('what is installed here is under the license that the notice names', () => {
  let seen = 0;
  for (const { name, license } of all) {
    const path = join(packageRoot, 'node_modules', name, 'package.json');
    if (!existsSync(path)) continue;
    const { license: own } = JSON.parse(readFileSync(path, 'utf8')) as { license?: unknown };
    if (typeof own !== 'string') continue;
    seen++;
    // Another version of it may be installed below another package.
    if (own !== license)
      expect(
        all.some((each) => each.name === name && each.license === own),
        name,
      ).toBe(true);
  }
  expect(seen).toBeGreaterThan(100);
});

test('scripts of packages run for those alone that the package file allows', () => {
  const { allowScripts } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    allowScripts: Record<string, boolean>;
  };
  const allowed = Object.keys(allowScripts).filter((name) => allowScripts[name]);
  for (const file of [
    '.github/workflows/nightly.yml',
    '.github/workflows/pull-request.yml',
    'examples/kubernetes/Dockerfile',
  ]) {
    const text = readFileSync(join(packageRoot, file), 'utf8');
    for (const [line] of text.matchAll(/npm ci\b.*/g)) expect(line, file).toContain('--ignore-scripts');
    for (const [, names] of text.matchAll(/npm rebuild ([\w -]+?)\s*(?:\\|&&|\n)/g))
      expect(names!.trim().split(' ').toSorted(), file).toEqual(allowed.toSorted());
    expect(text).toMatch(/npm rebuild/);
  }
});
