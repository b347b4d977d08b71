import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { homeFolder, packageRoot } from '../../common/paths.js';
import { readManifest } from '../../harness/store/manifests.js';
import { listRuns, type RunFolder, runFolder } from '../../harness/store/run-folder.js';

/** The latest whole quickstart run here; measured first if there is none. */
export function quickstartRun(): RunFolder {
  const runs = join(homeFolder(), '.runs');
  const find = () =>
    listRuns(runs).findLast(
      (id) => readManifest(runFolder(join(runs, id))).command === 'vecproof run suites/quickstart.yaml',
    );
  if (find() === undefined) {
    const cli = join(packageRoot, 'dist/cli/main.js');
    execFileSync(process.execPath, [cli, 'run', 'suites/quickstart.yaml'], { stdio: 'inherit' });
  }
  return runFolder(join(runs, find()!));
}
