import type { Command } from 'commander';
import { homeOption, type Run } from '../../options.js';

export function register(parent: Command, run: Run): void {
  parent
    .command('list')
    .description('list the datasets that have a name')
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action((options) =>
      run(options.out, async (context) =>
        (await import('../../actions/dataset/list.js')).datasetListCommand(options, context),
      ),
    );
}
