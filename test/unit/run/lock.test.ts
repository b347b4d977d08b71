import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockHolder, lockOwner } from '../../../common/lock.js';
import { compiledModule } from '../../../common/paths.js';
import { lockRun } from '../../../harness/store/lock.js';
import { createRunFolder, type RunFolder } from '../../../harness/store/run-folder.js';

let parent: string;
let folder: RunFolder;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'vecproof-lock-'));
  folder = createRunFolder(parent, 'run', new Date());
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

describe('the lock', () => {
  test('belongs to this process until it is given back', () => {
    const unlock = lockRun(folder);
    expect(lockOwner(folder.lock)).toBe(process.pid);
    unlock();
    expect(lockOwner(folder.lock)).toBeUndefined();
    expect(existsSync(folder.lock)).toBe(false);
  });

  test('of a living process is respected', () => {
    writeFileSync(folder.lock, `${process.ppid} \n`);
    expect(() => lockRun(folder)).toThrow(`this run is in progress (got "process ${process.ppid}")`);
    expect(lockHolder(folder.lock), 'and kept').toBe(process.ppid);
  });

  test('of a process that has ended is taken over', () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    writeFileSync(folder.lock, `${pid} \n`);
    expect(lockHolder(folder.lock)).toBe(pid);
    expect(lockOwner(folder.lock)).toBeUndefined();
    lockRun(folder)();
  });

  test.skipIf(process.platform !== 'linux')(
    'of an earlier process with the same number is taken over',
    () => {
      lockRun(folder);
      const [, mark] = readFileSync(folder.lock, 'utf8').trim().split(' ');
      expect(mark).toMatch(/^\d+@\d+$/);
      writeFileSync(folder.lock, `${process.ppid} ${mark}\n`);
      expect(lockOwner(folder.lock), 'the parent started at another time than this process').toBeUndefined();
    },
  );

  test.each(['', 'garbage', '-5', '0'])('that holds %j belongs to nobody', (text) => {
    writeFileSync(folder.lock, text);
    expect(lockOwner(folder.lock)).toBeUndefined();
    lockRun(folder)();
  });

  test('of a killed process is taken over by one of those who want it at once', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    for (let round = 0; round < 3; round++) {
      writeFileSync(folder.lock, `${pid} \n`);
      const contenders = Array.from({ length: 4 }, () =>
        spawn(process.execPath, ['--input-type=module', '-e', CONTEND], { env: { FOLDER: folder.path } }),
      );
      const ready = contenders.map((child) => line(child));
      await Promise.all(ready);
      const answers = contenders.map((child) => line(child));
      for (const child of contenders) child.stdin!.write('go\n');
      expect((await Promise.all(answers)).filter((answer) => answer === 'held')).toHaveLength(1);
      for (const child of contenders) child.stdin!.end();
      await Promise.all(contenders.map((child) => once(child, 'close')));
      expect(readdirSync(folder.path).filter((name) => name.startsWith('.tmp-'))).toEqual([]);
    }
  });

  /** Says when it is ready, tries on command, and holds what it got until its input ends. */
  const CONTEND = `
    const { lockRun } = await import(${JSON.stringify(pathToFileURL(compiledModule('harness/store/lock.js')))});
    const { runFolder } = await import(${JSON.stringify(pathToFileURL(compiledModule('harness/store/run-folder.js')))});
    process.stdin.once('data', () => {
      try { lockRun(runFolder(process.env.FOLDER)); console.log('held'); } catch { console.log('refused'); }
    }).on('end', () => process.exit());
    console.log('ready');`;
});

function line(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => child.stdout!.once('data', (data) => resolve(String(data).trim())));
}
