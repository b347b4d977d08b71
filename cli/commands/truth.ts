import { type Command, Option } from 'commander';
import { KERNELS } from '../../harness/truth/kernel.js';
import { addDatasetOptions } from '../dataset-options.js';
import { positiveInteger, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  addDatasetOptions(program.command('truth'))
    .description('compute the exact nearest neighbours of a dataset’s queries into a file')
    .argument('<dataset>', 'catalog name or path')
    .requiredOption('--out <file>', 'file to write: .hdf5 (ann-benchmarks’ names) or .parquet')
    .option('--k <n>', 'neighbours per query', positiveInteger, 100)
    .option('--set <name>', 'query set (default: the first)')
    .option('--limit <n>', 'only the first n queries', positiveInteger)
    .addOption(new Option('--kernel <name>', 'how candidates are found').choices(KERNELS))
    .action((dataset: string, options) =>
      run(undefined, async (context) =>
        (await import('../actions/truth.js')).truthCommand(dataset, options, context),
      ),
    );
}
