import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runFolder } from '../harness/store/run-folder.js';
import { sameSettings } from './same-setting.js';
import { shareText } from './share-text.js';

/**
 * How often the report calls a setting different from itself, from stored runs with several passes (`repeat: 4`) or builds
 * (`builds: 6`): the false alarms of `≈`, `★` and "too close to tell", which should be at most 5% for every figure.
 *
 *   node dist/scripts/aa-pairs.js <run> [<run> …]
 */
const { positionals } = parseArgs({ allowPositionals: true });
if (positionals.length === 0) throw new Error('give the folder of a run');
for (const path of positionals) {
  for (const { unit, size, pairs, different } of await sameSettings(runFolder(resolve(path)))) {
    console.log(`${path}: ${pairs} pairs of ${size} against ${size} ${unit}`);
    for (const [measure, count] of Object.entries(different))
      console.log(`  ${measure.padEnd(16)} ${String(count).padStart(4)}  ${shareText(count, pairs)}`);
  }
}
