import type { Command } from 'commander';
import { addDatasetOptions } from '../../dataset-options.js';
import { homeOption, type Run } from '../../options.js';

export function register(parent: Command, run: Run): void {
  addDatasetOptions(parent.command('check'))
    .description(
      'report what a dataset is like, whether its metric fits, and whether it can tell engines apart',
    )
    .argument('<dataset>', 'catalog name or path')
    .option(
      '--model <name>',
      'the model its vectors are of: dimensions, norms and metric are compared with what is known of it',
    )
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action((dataset: string, options) =>
      run(options.out, async (context) =>
        (await import('../../actions/dataset/check.js')).datasetCheckCommand(dataset, options, context),
      ),
    );
}
