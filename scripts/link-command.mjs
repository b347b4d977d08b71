// `npx vecparity` in a clone: npm links the commands of dependencies, but not those of the project itself.
import { chmodSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';

if (process.platform !== 'win32') {
  chmodSync('dist/harness/cli/main.js', 0o755);
  mkdirSync('node_modules/.bin', { recursive: true });
  rmSync('node_modules/.bin/vecparity', { force: true });
  symlinkSync('../../dist/harness/cli/main.js', 'node_modules/.bin/vecparity');
}
