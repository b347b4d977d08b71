import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../common/paths.js';
import { readManifest } from '../../migration/export/manifest.js';
import { verify } from '../../migration/verify/verify.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { somePoints, writeCollection } from './helpers/collection.js';
import { seeded } from './helpers/seeded.js';

const POINTS = somePoints(3000);
/** `VECPROOF_KILLS=100` for a thorough run. */
const KILLS = Number(process.env['VECPROOF_KILLS'] ?? 6);
const ENGINES = ['lancedb', 'sqlite-vec'] as const;

let work: Workspace;
beforeAll(async () => {
  work = new Workspace();
  for (const name of ENGINES) await writeCollection(name, join(work.folder, name), POINTS);
});

/** Runs the command; it is killed as soon as `when` resolves. */
async function exportOnce(engine: string, out: string, when: (ended: AbortSignal) => Promise<void>) {
  const args = ['export', `${engine}:./${engine}#docs`, '--out', out, '--part-rows', '100', '--batch', '50'];
  // Ranges, where the engine can be cut: each goes on at a cursor of its own.
  args.push('--workers', '3');
  const child = spawn(process.execPath, [join(packageRoot, 'dist/cli/main.js'), ...args, '--rate', '6000'], {
    cwd: work.folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    // A group of its own: the command's processes are killed together.
    detached: true,
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const over = new AbortController();
  void ended.then(() => over.abort());
  await when(over.signal);
  if (!over.signal.aborted) process.kill(-child.pid!, 'SIGKILL');
  const [code] = await ended;
  return { code, stderr };
}

describe.each(ENGINES)('an export from %s', (engine) => {
  test(`that is killed at ${KILLS} moments holds every point once in the end`, async () => {
    const random = seeded(engine.length);
    let killed = 0;
    for (let round = 0; killed < KILLS; round++) {
      const out = `killed-${engine}-${round}`;
      const folder = join(work.folder, out);
      for (let isOver = false; !isOver; ) {
        const { code, stderr } = await exportOnce(engine, out, async (ended) => {
          // Once it has begun to write, at any moment; the last one is left to end.
          while (!ended.aborted && (killed >= KILLS || !existsSync(folder))) await pause(5);
          await pause(random() * 400, undefined, { signal: ended }).catch(() => undefined);
        });
        if (code === null) killed++;
        else expect(code, stderr).toBe(0);
        isOver = code !== null;
      }
      const manifest = readManifest(folder);
      expect(manifest.counts).toEqual({ exported: 3000, before: 3000, after: 3000 });
      expect(manifest.consistency).toBe('snapshot');
      const surroundings = { cwd: work.folder, env: process.env, signal: new AbortController().signal };
      const result = await verify(`${engine}:./${engine}#docs`, `export:${out}`, surroundings);
      expect(result).toMatchObject({ state: 'equal', counts: { matching: 3000 } });
    }
  });
});
