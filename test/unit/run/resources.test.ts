import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  machineBusySeconds,
  ownCpuSeconds,
  peakSinceReset,
  resetPeak,
  residentBytes,
} from '../../../harness/run/resources.js';

const linux = process.platform === 'linux';

describe.runIf(linux)('what the system tells (Linux)', () => {
  it('counts CPU of another process as foreign, and our own as ours', async () => {
    const machine = machineBusySeconds()!;
    const own = ownCpuSeconds();
    const burn = 'const end = process.cpuUsage().user + 6e5; while (process.cpuUsage().user < end);';
    const child = spawn(process.execPath, ['-e', burn]);
    await once(child, 'close');
    const foreign = machineBusySeconds()! - machine - (ownCpuSeconds() - own);
    expect(foreign).toBeGreaterThan(0.55);
  });

  it('sees the peak since the last reset, not the one before', () => {
    const block = Buffer.alloc(64 * 2 ** 20, 1);
    expect(block[12345]).toBe(1);
    const before = peakSinceReset();
    expect(before).toBeGreaterThan(64 * 2 ** 20);
    resetPeak();
    expect(peakSinceReset()).toBeLessThanOrEqual(before!);
  });

  it('tells the resident memory of a process, and nothing of one that is gone', async () => {
    expect(await residentBytes(process.pid)).toBeGreaterThan(2 ** 20);
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'close');
    expect(await residentBytes(child.pid!)).toBeUndefined();
  });
});
