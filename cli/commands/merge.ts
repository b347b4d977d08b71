import type { Command } from 'commander';
import { homeOption, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('merge')
    .description('combine all shards of a suite into one run, or all parts of a truth into one file')
    .argument('<runs...>', 'run folders or ids; with --truth the files of the parts')
    .option('--truth <file>', 'join parts that truth --shard wrote: .hdf5 or .parquet')
    .option('--baseline <name|run>', 'what the gates compare with (default: the baseline main, if set)')
    .option('--json', 'print the results as JSON on stdout')
    .addOption(homeOption())
    .action((runs: string[], options) =>
      run(options.out, async (context) =>
        (await import('../actions/merge.js')).mergeCommand(runs, options, context),
      ),
    );
}
