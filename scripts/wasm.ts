import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../common/files.js';
import { packageRoot } from '../common/paths.js';

/** The kernel of the truth in AssemblyScript, and what it is compiled to. */
export const SOURCE = 'harness/truth/wasm/scan.as.ts';
export const COMPILED = 'harness/truth/wasm/scan.wasm';

/** Compiles the source; the same source gives the same bytes on every machine. */
export function compileWasm(): Uint8Array {
  const asc = join(
    dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')),
    'bin/asc.js',
  );
  const folder = mkdtempSync(join(tmpdir(), 'vecproof-wasm-'));
  const out = join(folder, 'scan.wasm');
  const options = ['-O3', '--runtime', 'stub', '--enable', 'simd', '--noAssert', '--outFile', out];
  try {
    execFileSync(process.execPath, [asc, SOURCE, ...options], {
      cwd: packageRoot,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return new Uint8Array(readFileSync(out));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[2] === 'write') {
  const bytes = compileWasm();
  writeFileAtomic(join(packageRoot, COMPILED), bytes);
  process.stdout.write(`wrote ${COMPILED}, ${bytes.length} bytes\n`);
}
