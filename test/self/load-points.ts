import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../common/paths.js';
import { print } from './print.js';

const SUITE = `version: 1
name: load-1m
dataset: synthetic-1m-128
queries: { limit: 100 }
repeat: 1
engines:
  - use: lancedb
    index: { type: ivf, nlist: 256 }
    search: { nprobe: 16 }
`;

/** Loads 1,000,000 x 128 generated vectors into an engine and watches the supervisor's own peak memory. */
export async function measureLoadPoints(folder: string): Promise<void> {
  const suite = join(folder, 'load-1m.yaml');
  writeFileSync(suite, SUITE);
  const cli = join(packageRoot, 'dist/cli/main.js');
  const start = performance.now();
  const child = spawn(process.execPath, [cli, 'run', suite, '--out', folder, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString('utf8');
  });
  let peak: number | undefined;
  const watch = setInterval(() => {
    peak = highWater(child.pid!) ?? peak;
  }, 100);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`the run ended with ${String(code)}`);
  const { trials } = JSON.parse(output) as { trials: { measures: Record<string, { value: number }> }[] };
  const measures = trials[0]!.measures;
  const mib = peak === undefined ? 'not measurable here' : `${(peak / 2 ** 20).toFixed(0)} MiB`;
  print('supervisor while 1,000,000 x 128 are loaded', mib, 'peak resident; target: under 500 MB');
  print('  engine: load rate', `${Math.round(measures['load.pointsPerSecond']!.value)} points/s`);
  print('  whole run, generating and truth included', `${((performance.now() - start) / 1000).toFixed(0)} s`);
}

/** The kernel's own high-water mark of a process; undefined where there is none. */
function highWater(pid: number): number | undefined {
  try {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match === null ? undefined : Number(match[1]) * 1024;
  } catch {
    return undefined; // Ended, or no /proc here.
  }
}
