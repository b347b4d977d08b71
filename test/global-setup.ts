import { execFileSync } from 'node:child_process';
import { packageRoot } from '../common/paths.js';

/** Child processes and worker threads run compiled code: it must be that of the sources under test. */
export default function build(): void {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: packageRoot,
    stdio: 'inherit',
  });
}
