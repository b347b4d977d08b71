import { join } from 'node:path';
import { expect } from 'vitest';
import type { Point } from '../../../engines/contract/points.js';
import { openSource } from '../../../migration/connections/open-source.js';
import { exportCollection } from '../../../migration/export/export.js';
import type { Manifest } from '../../../migration/export/manifest.js';
import { openExport } from '../../../migration/export/reader.js';
import { vecproof } from '../../e2e/helpers/cli.js';
import type { Workspace } from '../../e2e/helpers/workspace.js';

const never = new AbortController().signal;
let exports = 0;

export interface Exported {
  manifest: Manifest;
  /** By their ids as text, of which no two are alike. */
  points: Record<string, Point>;
}

/** What `vecproof export` writes of a place, as an export's reader gives it. */
export async function exportByCommand(work: Workspace, place: string): Promise<Exported> {
  const out = `export-${++exports}`;
  const { code, stderr } = await vecproof(['export', place, '--out', out], work);
  expect(code, stderr).toBe(0);
  return read(join(work.folder, out));
}

/** The same in this process, which takes less time. */
export async function exportOf({ folder }: Pick<Workspace, 'folder'>, place: string): Promise<Exported> {
  const out = join(folder, `export-${++exports}`);
  const source = await openSource(place, { cwd: folder, env: process.env, signal: never });
  try {
    await exportCollection(source, { folder: out, signal: never });
  } finally {
    await source.close();
  }
  return read(out);
}

async function read(folder: string): Promise<Exported> {
  const { manifest, points } = openExport(folder);
  const found: Point[] = [];
  for await (const group of points()) found.push(...group);
  const byId = Object.fromEntries(found.map((point) => [String(point.id), point]));
  expect(Object.keys(byId)).toHaveLength(found.length);
  expect(manifest.counts.exported).toBe(found.length);
  return { manifest, points: byId };
}

/** What an export says where it refuses a place. */
export async function refusalOf(work: Pick<Workspace, 'folder'>, place: string): Promise<string> {
  const refused = exportOf(work, place).then(
    () => 'was exported',
    (error: Error) => error.message,
  );
  return refused;
}
