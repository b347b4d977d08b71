import { type Command, Option } from 'commander';
import { KERNELS } from '../../harness/truth/kernel.js';
import { addDatasetOptions } from '../dataset-options.js';
import { finite, positiveInteger, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  addDatasetOptions(program.command('truth'))
    .description('compute the exact nearest neighbours of a dataset’s queries into a file')
    .argument('<dataset>', 'catalog name or path')
    .requiredOption('--out <file>', 'file to write: .hdf5 (ann-benchmarks’ names) or .parquet')
    .option('--k <n>', 'neighbours per query', positiveInteger, 100)
    .option('--radius <distance>', 'all points within this distance, in place of the k nearest', finite)
    .option('--ties', 'all points at the distance of the k-th, too')
    .option('--set <name>', 'query set (default: the first)')
    .option('--limit <n>', 'only the first n queries', positiveInteger)
    .addOption(new Option('--kernel <name>', 'how candidates are found').choices(KERNELS))
    .option('--memory <size>', 'most memory of the process, such as 1GB')
    .option('--shard <i/n>', 'only the i-th of n parts of the points; join the files with merge --truth')
    .option('--with-data', 'write the vectors, too, as ann-benchmarks reads them (.hdf5)')
    .action((dataset: string, options) =>
      run(undefined, async (context) =>
        (await import('../actions/truth.js')).truthCommand(dataset, options, context),
      ),
    );
}
