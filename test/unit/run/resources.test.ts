import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compiledModule } from '../../../common/paths.js';
import { machineBusySeconds, ownCpuSeconds, residentBytes } from '../../../harness/process/resources.js';

const linux = process.platform === 'linux';
const MIB = 2 ** 20;

describe.runIf(linux)('what the system tells (Linux)', () => {
  it('counts CPU of another process as foreign, and our own as ours', async () => {
    const machine = machineBusySeconds()!;
    const own = ownCpuSeconds();
    const burn = 'const end = process.cpuUsage().user + 6e5; while (process.cpuUsage().user < end);';
    const child = spawn(process.execPath, ['-e', burn]);
    await once(child, 'close');
    const foreign = machineBusySeconds()! - machine - (ownCpuSeconds() - own);
    expect(foreign).toBeGreaterThan(0.5);
  });

  it('sees the peak since the last reset, not the one before', () => {
    const script = `
      import { peakSinceReset, resetPeak } from ${JSON.stringify(pathToFileURL(compiledModule('harness/process/resources.js')).href)};
      let block = Buffer.alloc(256 * ${MIB}, 1);
      const with_ = peakSinceReset();
      block = undefined;
      globalThis.gc();
      resetPeak();
      console.log(JSON.stringify([with_, peakSinceReset()]));`;
    const args = ['--expose-gc', '--input-type=module', '-e', script];
    const [peak, after] = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as [
      number,
      number,
    ];
    expect(peak).toBeGreaterThan(256 * MIB);
    expect(after).toBeLessThan(peak - 128 * MIB);
  });

  it('tells the resident memory of a process, and nothing of one that is gone', async () => {
    expect(await residentBytes(process.pid)).toBeGreaterThan(MIB);
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'close');
    expect(await residentBytes(child.pid!)).toBeUndefined();
  });
});
