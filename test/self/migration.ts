import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Point } from '../../engines/contract/points.js';
import { measureLocal } from './migration/local.js';
import { somePoints } from './migration/rows.js';
import { measureServer } from './migration/servers.js';
import { measureSizes } from './migration/sizes.js';

const PLACES: Readonly<Record<string, (folder: string, points: readonly Point[]) => Promise<void>>> = {
  lancedb: (folder, points) => measureLocal('lancedb', folder, points),
  pglite: (folder, points) => measureLocal('pgvector', folder, points),
  pgvector: (folder, points) => measureServer('pgvector', folder, points),
  milvus: (folder, points) => measureServer('milvus', folder, points),
};

/**
 * Exports, loads and comparisons beside what the raw client or the adapter's fastest way needs for the same rows, in
 * turns; and an export and its comparison at several sizes with the peak memory of each process. `VECPROOF_SELF_PLACES`
 * names some of the places, `sizes` among them.
 */
export async function measureMigration(parent: string): Promise<void> {
  const folder = join(parent, 'migration');
  mkdirSync(folder);
  const named = process.env['VECPROOF_SELF_PLACES']?.split(',') ?? [...Object.keys(PLACES), 'sizes'];
  const points = named.some((name) => name in PLACES) ? somePoints() : [];
  for (const [name, measure] of Object.entries(PLACES))
    if (named.includes(name)) await measure(folder, points);
  points.length = 0;
  if (named.includes('sizes')) await measureSizes(folder);
}
