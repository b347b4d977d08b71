import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { packageRoot } from '../../../common/paths.js';

const folder = join(packageRoot, 'test/golden/reports');

/** Compares with a committed file; VECPROOF_WRITE_GOLDEN=1 writes it, and the change shows in the diff. */
export function expectGolden(name: string, text: string): void {
  const path = join(folder, name);
  if (process.env['VECPROOF_WRITE_GOLDEN'] === '1') {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, text);
  }
  expect(text).toBe(readFileSync(path, 'utf8'));
}
