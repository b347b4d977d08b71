import type { Command } from 'commander';
import { addDatasetOptions } from '../dataset-options.js';
import { list, naturalNumber, positiveInteger, type Run } from '../options.js';

const SELECTIVITIES = ['0.0005', '0.005', '0.05', '0.3'];

export function register(program: Command, run: Run): void {
  addDatasetOptions(program.command('queries'))
    .description(
      'derive groups of filtered queries from a dataset’s metadata into a file that people can edit',
    )
    .argument('<dataset>', 'catalog name or path')
    .requiredOption('--out <file>', 'file to write: JSON Lines for queries.file of a suite')
    .option('--set <name>', 'query set whose vectors are taken (default: the first)')
    .option('--seed <n>', 'the same seed gives the same file', naturalNumber, 42)
    .option('--per-group <n>', 'queries of each group', positiveInteger, 50)
    .option('--k <n>', 'most points that a restrictive filter lets through', positiveInteger, 10)
    .option('--groups <names>', 'separated by commas (default: all that the metadata allows)', list)
    .option('--selectivity <shares>', 'shares of the points that ranges let through', list, SELECTIVITIES)
    .option('--tenant <field>', 'field that says whose a point is (default: one is chosen)')
    .option('--fields <names>', 'only these fields, separated by commas', list)
    .action((dataset: string, options) =>
      run(undefined, async (context) =>
        (await import('../actions/queries.js')).queriesCommand(dataset, options, context),
      ),
    );
}
