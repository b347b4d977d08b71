import { type Command, Option } from 'commander';
import { positiveInteger, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('export')
    .description('write all points of a collection to a folder of hashed files; the source is only read')
    .argument(
      '<source>',
      'engine:address#collection, such as pgvector:postgres://host/database#docs, or file:./points.parquet',
    )
    .requiredOption('--out <folder>', 'new or empty folder; an interrupted export in it is continued')
    .addOption(
      new Option('--format <format>', 'how points stand in the files')
        .choices(['parquet', 'jsonl'])
        .default('parquet'),
    )
    .option('--part-rows <n>', 'points of a file', positiveInteger)
    .option('--batch <n>', 'most points of a page that the source is asked for', positiveInteger)
    .option('--workers <n>', 'ranges of the source that are read at the same time', positiveInteger)
    .option('--rate <n>', 'most points in a second', positiveInteger)
    .option('--no-probes', 'do not ask the source how it scores and filters')
    .action((source: string, options) =>
      run(undefined, async (context) =>
        (await import('../actions/export.js')).exportCommand(source, options, context),
      ),
    );
}
