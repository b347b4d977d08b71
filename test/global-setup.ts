import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../common/paths.js';

const DONE = 'VECPROOF_TESTS_SET_UP';

/**
 * Child processes and worker threads run compiled code: it must be that of the sources under test. Temporary files of
 * tests and of native engines go to one folder that is removed at the end.
 */
export default function setup(): (() => void) | undefined {
  // Each project of the configuration comes by; a folder in a folder would be too long for the sockets of a browser.
  if (process.env[DONE] !== undefined) return undefined;
  process.env[DONE] = 'yes';
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: packageRoot,
    stdio: 'inherit',
  });
  const folder = mkdtempSync(join(tmpdir(), 'vecproof-tests-'));
  process.env['TMPDIR'] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
