import type { Command } from 'commander';
import { addDatasetOptions } from '../../dataset-options.js';
import { homeOption, type Run } from '../../options.js';

export function register(parent: Command, run: Run): void {
  addDatasetOptions(parent.command('import'))
    .description(
      'give files of your own a name, for suites and commands; they are checked, and stay where they are',
    )
    .argument('<paths...>', 'files of one dataset, a pattern, or a folder')
    .requiredOption('--name <name>', 'its name from now on')
    .option('--title <text>', 'what it is, for lists')
    .option('--licence <text>', 'under which it may be used, for reports')
    .option('--model <name>', 'the model its vectors are of')
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action((paths: string[], options) =>
      run(options.out, async (context) =>
        (await import('../../actions/dataset/import.js')).datasetImportCommand(paths, options, context),
      ),
    );
}
