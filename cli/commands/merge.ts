import type { Command } from 'commander';
import { homeOption, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('merge')
    .description('combine all shards of a suite into one run')
    .argument('<runs...>', 'run folders or ids')
    .option('--baseline <name|run>', 'what the gates compare with (default: the baseline main, if set)')
    .option('--json', 'print the results as JSON on stdout')
    .addOption(homeOption())
    .action((runs: string[], options) =>
      run(options.out, async (context) =>
        (await import('../actions/merge.js')).mergeCommand(runs, options, context),
      ),
    );
}
