import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../common/files.js';
import { packageRoot } from '../common/paths.js';

/** The truth's modules in AssemblyScript, and what they are compiled to. */
export const MODULES = [
  { source: 'harness/truth/wasm/scan.as.ts', compiled: 'harness/truth/wasm/scan.wasm' },
  { source: 'harness/truth/wasm/bits.as.ts', compiled: 'harness/truth/wasm/bits.wasm' },
  { source: 'harness/truth/wasm/steps.as.ts', compiled: 'harness/truth/wasm/steps.wasm' },
] as const;

/** Compiles a source; the same source gives the same bytes on every machine. */
export function compileWasm(source: string): Uint8Array {
  const asc = join(
    dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')),
    'bin/asc.js',
  );
  const folder = mkdtempSync(join(tmpdir(), 'vecproof-wasm-'));
  const out = join(folder, 'module.wasm');
  const options = ['-O3', '--runtime', 'stub', '--enable', 'simd', '--noAssert', '--outFile', out];
  try {
    execFileSync(process.execPath, [asc, source, ...options], {
      cwd: packageRoot,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return new Uint8Array(readFileSync(out));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[2] === 'write') {
  for (const { source, compiled } of MODULES) {
    const bytes = compileWasm(source);
    writeFileAtomic(join(packageRoot, compiled), bytes);
    process.stdout.write(`wrote ${compiled}, ${bytes.length} bytes\n`);
  }
}
