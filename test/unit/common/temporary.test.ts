import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { processMark } from '../../../common/processes.js';
import { abandonedFolders, nativeTemporaries, temporaryFolder } from '../../../common/temporary.js';

/** A process that has ended, and was waited for. */
const { pid: gone } = spawnSync(process.execPath, ['-e', '']);

test('a folder of a process that is gone is abandoned; one that lives, is unknown or cannot be seen is not', async () => {
  const mine = await temporaryFolder('test');
  const parent = mkdtempSync(join(tmpdir(), 'vecproof-parent-'));
  const made = (owner: string | undefined) => {
    const folder = mkdtempSync(join(parent, 'vecproof-target-'));
    if (owner !== undefined) writeFileSync(join(folder, '.vecproof-owner'), owner);
    return folder;
  };
  try {
    const namespace = processMark(process.pid)?.split('@')[1];
    const dead = made(`${gone} 1@${namespace ?? ''}\n`);
    const reused = made(`${process.pid} 1@${namespace ?? ''}\n`);
    made(`${process.pid} ${processMark(process.pid) ?? ''}\n`);
    made(`${gone} 1@1\n`);
    made(undefined);
    const found = abandonedFolders(parent).sort();
    // Without marks (no /proc) a number that was given again cannot be told from the process itself.
    expect(found).toEqual((namespace === undefined ? [dead] : [dead, reused]).sort());
    expect(abandonedFolders(dirname(mine)).map((each) => basename(each))).not.toContain(basename(mine));
  } finally {
    await rm(parent, { recursive: true });
    await rm(mine, { recursive: true });
  }
});

test('temporary files of native engines have one folder, whoever ends first, and the process its own again afterwards', async () => {
  const before = process.env['TMPDIR'];
  const [first, second] = await Promise.all([nativeTemporaries(), nativeTemporaries()]);
  const folder = process.env['TMPDIR']!;
  expect(folder).not.toBe(before);
  await first();
  expect([process.env['TMPDIR'], existsSync(folder)]).toEqual([folder, true]);
  await second();
  expect([process.env['TMPDIR'], existsSync(folder)]).toEqual([before, false]);
});
