import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isAlive, isSameProcess, processMark } from '../../../common/processes.js';

test('a process runs until it has ended', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const pid = child.pid!;
  const mark = processMark(pid);
  expect(isAlive(pid)).toBe(true);
  expect(isSameProcess(pid, mark)).toBe(true);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  expect(isSameProcess(pid, mark)).toBe(false);
});

test.runIf(existsSync('/proc/self/stat'))(
  'one that has ended, and that nobody has waited for, does not run',
  async () => {
    // The shell becomes a program that waits for nobody; its child ends only then, since a shell may wait for it.
    const child = 'until grep -q sleep /proc/$PPID/comm; do :; done';
    const parent = spawn('sh', ['-c', `sh -c '${child}' & echo $!; exec sleep 60`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
      const state = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0];
      await expect.poll(state, { timeout: 10_000 }).toBe('Z');
      expect(() => process.kill(pid, 0)).not.toThrow();
      expect(isAlive(pid)).toBe(false);
      expect(isSameProcess(pid, undefined)).toBe(false);
    } finally {
      parent.kill('SIGKILL');
    }
  },
);
