import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../common/paths.js';
import { print } from '../print.js';

const SIZES = (process.env['VECPROOF_SELF_SIZES'] ?? '200000,500000,1000000').split(',').map(Number);

/** Generated rows of 128 dimensions in LanceDB, exported and compared, each in a process of its own. */
export async function measureSizes(parent: string): Promise<void> {
  for (const rows of SIZES) {
    const folder = mkdtempSync(join(parent, 'size-'));
    const script = join(packageRoot, 'dist/test/self/migration/generate.js');
    await peakOf([script, folder, String(rows)], folder);
    const cli = join(packageRoot, 'dist/cli/program.js');
    const place = `lancedb:${join(folder, 'place')}#docs`;
    const out = join(folder, 'export');
    const steps = {
      export: ['export', place, '--out', out],
      validate: ['validate', `export:${out}`],
      verify: ['verify', `export:${out}`, place],
    };
    for (const [step, args] of Object.entries(steps)) {
      const { seconds, peak } = await peakOf([cli, ...args], folder);
      const mib = peak === undefined ? 'memory not measurable here' : `${(peak / 2 ** 20).toFixed(0)} MiB`;
      print(
        `${step} of ${rows.toLocaleString('en')} x 128`,
        `${seconds.toFixed(1)} s, ${mib}`,
        `${((seconds / rows) * 1e6).toFixed(1)} s per million; target: linear, under 1 GB`,
      );
    }
    rmSync(folder, { recursive: true });
  }
}

async function peakOf(args: string[], cwd: string): Promise<{ seconds: number; peak: number | undefined }> {
  const start = performance.now();
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (part: Buffer) => {
    said += part.toString();
  });
  let peak: number | undefined;
  const watch = setInterval(() => {
    peak = highWater(child.pid!) ?? peak;
  }, 50);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${String(code)}: ${said.slice(-500)}`);
  return { seconds: (performance.now() - start) / 1000, peak };
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
