import type { Command } from 'commander';
import { homeOption, type Run } from '../../options.js';

export function register(parent: Command, run: Run): void {
  parent
    .command('remove')
    .description('forget datasets that were imported; their files stay')
    .argument('<names...>', 'as given to import')
    .addOption(homeOption())
    .action((names: string[], options) =>
      run(options.out, async (context) =>
        (await import('../../actions/dataset/remove.js')).datasetRemoveCommand(names, context),
      ),
    );
}
