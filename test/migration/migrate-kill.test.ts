import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { packageRoot } from '../../common/paths.js';
import { readMapping } from '../../migration/mapping/mapping.js';
import { migrationStatus } from '../../migration/plan/migrate.js';
import { verify } from '../../migration/verify/verify.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { somePoints, writeCollection } from './helpers/collection.js';
import { Migration } from './helpers/plan.js';
import { seeded } from './helpers/seeded.js';

/** `VECPROOF_KILLS=100` for a thorough run. */
const KILLS = Number(process.env['VECPROOF_KILLS'] ?? 8);
const POINTS = somePoints(4000);

/** Runs the command; it is killed at a moment of its own. Returns its exit code, or null. */
async function runOnce(
  home: string,
  args: readonly string[],
  killAfter?: () => Promise<void>,
): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(
    process.execPath,
    [join(packageRoot, 'dist/cli/main.js'), 'migrate', 'plan.yaml', ...args],
    {
      cwd: home,
      env: { ...process.env, VECPROOF_HOME: home },
      // A group of its own: the command's processes are killed together.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  if (killAfter !== undefined) {
    const over = await Promise.race([killAfter(), ended]);
    if (over === undefined) process.kill(-child.pid!, 'SIGKILL');
  }
  const [code] = await ended;
  // Who was killed a moment ago may still hold the lock: as people do, try again.
  if (code === 2 && stderr.includes('is in use by process')) {
    await pause(50);
    return runOnce(home, args, killAfter);
  }
  return { code, stderr };
}

/** What the last stage that failed has said. */
function failureOf({ events }: Migration): string {
  const failed = events.findLast((event) => event.type === 'stage-ended' && event.state === 'failed');
  return failed === undefined ? '' : JSON.stringify(failed);
}

/** Takes all decisions that are awaited. */
async function accepting(home: string): Promise<string[]> {
  const { decisions } = await migrationStatus({
    plan: 'plan.yaml',
    home,
    cwd: home,
    env: process.env,
    signal: new AbortController().signal,
    hide: () => {},
  });
  return [...decisions.flatMap(({ id }) => ['--accept', id]), '--reason', 'a test'];
}

test(`a migration that is killed at ${KILLS} moments is whole in the end`, async () => {
  const work = new Workspace();
  const migration = new Migration(work.folder);
  await writeCollection('sqlite-vec', join(work.folder, 'source'), POINTS);
  const rest =
    'export: { partRows: 500, batch: 250 }\nload: { batch: 200 }\nmap: { index: { type: flat }, fields: { name: title } }\n';
  migration.plan('sqlite-vec:./source#docs', 'lancedb:./lance#docs', rest);
  const random = seeded(13);
  const log = migration.path('events.jsonl');
  const size = () => (existsSync(log) ? readFileSync(log).length : 0);
  const killedIn = new Set<string>();
  let killed = 0;
  let args: string[] = [];
  for (let attempt = 0; attempt < 3 * KILLS && killed < KILLS; attempt++) {
    const before = size();
    const { code, stderr } = await runOnce(work.folder, args, async () => {
      // From the moment at which it writes, whichever it is.
      while (size() === before) await pause(3);
      await pause(random() * 500);
    });
    args = [];
    if (code === null) {
      killed++;
      killedIn.add(migration.events.at(-1)!.type);
      continue;
    }
    if (code === 4) args = await accepting(work.folder);
    else if (code === 0)
      args = ['--again', random() < 0.5 ? 'export' : 'verify', '--reason', 'another round'];
    else expect(code, stderr).toBe(0);
  }
  expect(killed).toBe(KILLS);
  for (let left = 5; ; left--) {
    const { code, stderr } = await runOnce(work.folder, args);
    if (code === 0) break;
    expect([code, left > 0], `${stderr}${failureOf(migration)}`).toEqual([4, true]);
    args = await accepting(work.folder);
  }
  const view = await migration.run();
  expect(view.state).toBe('ready');
  expect(killedIn.has('stage-started')).toBe(true);
  const surroundings = { cwd: work.folder, env: process.env, signal: new AbortController().signal };
  const { mapping } = readMapping(migration.path('mapping.yaml'));
  const result = await verify('sqlite-vec:./source#docs', 'lancedb:./lance#docs', {
    ...surroundings,
    mapping,
  });
  expect(result).toMatchObject({ state: 'equal', counts: { matching: 4000 } });
});
