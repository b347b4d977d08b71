import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../common/paths.js';
import { runFolder } from '../../harness/store/run-folder.js';
import { sameSettings } from '../../scripts/same-setting.js';
import { shareText } from '../../scripts/share-text.js';
import { print } from './print.js';

/** Builds stand on both sides of a comparison, and so do the passes of each. */
const SUITE = `version: 1
name: same-settings
dataset: debian-packages-20k
queries: { set: new-packages, limit: 500 }
k: 10
repeat: 6
warmup: 50
builds: 6
engines:
  - { use: usearch, index: { type: hnsw, m: 16, efConstruction: 64 }, search: { ef: [20, 40, 80, 160] } }
  - { use: hnswlib, index: { type: hnsw, m: 16, efConstruction: 64 }, search: { ef: [20, 40, 80, 160] } }
`;

/** Keeps a core busy in bursts of up to two seconds, so that some passes are disturbed and others are not. */
const NEIGHBOUR =
  'const wait=(ms)=>new Promise((r)=>setTimeout(r,ms));for(;;){const e=Date.now()+2000*Math.random();while(Date.now()<e);await wait(2000*Math.random())}';

/** The share of pairs of the same setting that the report calls different, as the machine is and with a neighbour on each core. */
export async function measureSameSettings(parent: string): Promise<void> {
  for (const [name, neighbours] of [
    ['as it is', 0],
    ['with neighbours', availableParallelism()],
  ] as const) {
    const folder = join(parent, `same-${neighbours}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'suite.yaml'), SUITE);
    const beside = Array.from({ length: neighbours }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', NEIGHBOUR], { stdio: 'ignore' }),
    );
    try {
      const cli = join(packageRoot, 'dist/cli/main.js');
      const { status } = spawnSync(process.execPath, [cli, 'run', 'suite.yaml'], {
        cwd: folder,
        stdio: 'ignore',
      });
      if (status !== 0) throw new Error(`the run ended with exit code ${String(status)}`);
    } finally {
      for (const child of beside) child.kill();
    }
    const runs = join(folder, '.runs');
    const [run] = readdirSync(runs, { withFileTypes: true }).filter((each) => each.isDirectory());
    for (const { unit, size, pairs, different } of await sameSettings(runFolder(join(runs, run!.name))))
      for (const [measure, count] of Object.entries(different))
        print(`${name}, ${size} ${unit} a side: ${measure}`, `${count} of ${pairs}`, shareText(count, pairs));
  }
}
