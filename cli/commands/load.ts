import type { Command } from 'commander';
import { positiveInteger, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('load')
    .description('load an export into a new collection by an accepted mapping; every point is read back')
    .argument('<export>', 'folder of an export')
    .requiredOption('--mapping <file>', 'made by "vecproof map", with every loss accepted')
    .option('--state <folder>', 'where the progress is kept (default: the mapping’s name with .load)')
    .option(
      '--workers <n>',
      'connections that write at the same time, where the target takes several',
      positiveInteger,
    )
    .option('--batch <n>', 'most points of a batch', positiveInteger)
    .option('--rate <n>', 'most points in a second, of all workers together', positiveInteger)
    .option('--rejects', 'write only the points again that the target has refused')
    .option('--accept-rejects <reason>', 'record why the points that the target has refused may stay out')
    .option('--queue <url>', 'share the work with other machines over a PostgreSQL database')
    .option(
      '--lease <seconds>',
      'with --queue: how long a worker holds its part of the work',
      positiveInteger,
    )
    .option('--no-wait', 'with --queue: end with exit code 5 while others hold all that is left')
    .action((folder: string, options) =>
      run(undefined, async (context) =>
        (await import('../actions/load.js')).loadCommand(folder, options, context),
      ),
    );
}
