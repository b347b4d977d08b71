import type { Command } from 'commander';
import { homeOption, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('list')
    .description('what is there: engines, datasets, suites or runs')
    .argument('<what>', 'engines, datasets, suites, runs or history')
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action((what: string, options) =>
      run(options.out, async (context) =>
        (await import('../actions/list.js')).listCommand(what, options, context),
      ),
    );
}
