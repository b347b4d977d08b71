import type { Command } from 'commander';
import { homeOption, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('list')
    .description('list engines, datasets, suites, runs or their history')
    .argument('<what>', 'engines, datasets, suites, runs or history')
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action((what: string, options) =>
      run(options.out, async (context) =>
        (await import('../actions/list.js')).listCommand(what, options, context),
      ),
    );
}
