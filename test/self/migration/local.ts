import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectOptions } from '../../../engines/contract/engine.js';
import type { Point } from '../../../engines/contract/points.js';
import { requireClient } from '../../../engines/kit/packages.js';
import { loadEngine } from '../../../engines/registry.js';
import { scanByCursor } from './cursor.js';
import { measurePlace } from './place.js';

const never = new AbortController().signal;

/** Engines that are libraries. */
export async function measureLocal(
  name: 'lancedb' | 'pgvector',
  parent: string,
  points: readonly Point[],
): Promise<void> {
  const title = name === 'lancedb' ? 'LanceDB' : 'PGlite';
  const folder = join(parent, title);
  mkdirSync(folder);
  const kept = join(folder, 'place');
  mkdirSync(kept);
  const definition = await loadEngine(name);
  const connect = () => {
    const own = mkdtempSync(join(folder, 'own-'));
    const options: ConnectOptions = {
      folder: own,
      place: kept,
      mode: definition.local!.mode,
      threads: 1,
      seed: 1,
    };
    return definition.connect(options, never);
  };
  const rawScan = name === 'lancedb' ? () => scanLance(kept) : () => scanPglite(kept, folder);
  await measurePlace(
    { title, address: `${name}:${kept}`, env: process.env, connect, rawScan },
    folder,
    points,
  );
}

/** Values as rows, as people read them; batches that nobody looks into cost next to nothing. */
async function scanLance(folder: string): Promise<number> {
  const lance = requireClient('@lancedb/lancedb') as {
    connect(folder: string): Promise<{ openTable(name: string): Promise<{ query(): AsyncIterable<Rows> }> }>;
  };
  interface Rows {
    toArray(): { toJSON(): { vector: { toArray(): Float32Array } } }[];
  }
  const table = await (await lance.connect(folder)).openTable('docs');
  let rows = 0;
  for await (const batch of table.query()) {
    for (const row of batch.toArray()) rows += Math.sign(row.toJSON().vector.toArray().length);
  }
  return rows;
}

/** From a copy, as an export reads one. */
async function scanPglite(kept: string, folder: string): Promise<number> {
  const copy = mkdtempSync(join(folder, 'copy-'));
  cpSync(kept, copy, { recursive: true });
  const { PGlite } = requireClient('@electric-sql/pglite') as {
    PGlite: { create(options: object): Promise<RawPglite> };
  };
  interface RawPglite {
    exec(sql: string): Promise<unknown>;
    query(sql: string): Promise<{ rows: unknown[] }>;
    close(): Promise<void>;
  }
  const { vector } = requireClient('@electric-sql/pglite-pgvector') as { vector: unknown };
  const database = await PGlite.create({ dataDir: copy, extensions: { vector } });
  const rows = await scanByCursor((sql) => database.query(sql));
  await database.close();
  rmSync(copy, { recursive: true });
  return rows;
}
