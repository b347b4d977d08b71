import type { Command } from 'commander';
import { positiveInteger, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('load')
    .description('load an export into a new collection by an accepted mapping; every point is read back')
    .argument('<export>', 'folder of an export')
    .requiredOption('--mapping <file>', 'made by "vecproof map", with every loss accepted')
    .option('--state <folder>', 'where the progress is kept (default: the mapping’s name with .load)')
    .option('--batch <n>', 'most points of a batch', positiveInteger)
    .action((folder: string, options) =>
      run(undefined, async (context) =>
        (await import('../actions/load.js')).loadCommand(folder, options, context),
      ),
    );
}
