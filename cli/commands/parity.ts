import type { Command } from 'commander';
import { parameterOption } from '../key-value.js';
import { homeOption, list, naturalNumber, positiveInteger, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('parity')
    .description(
      'compare answer by answer: two trials of stored runs, or (--queries) two places as they are, source and target',
    )
    .argument('<run|source>', 'run of the reference (folder, id or "latest"), or engine:address#collection')
    .argument('[other|target]', 'run of the candidate, if it is another one; or the place of the target')
    .option('--reference <trial>', 'of runs: series, build or trial id, or selectors such as engine:…,ef:64')
    .option('--candidate <trial>', 'named in the same way')
    .option(
      '--k <n>',
      'hits compared (default: of runs the largest k measured, of places 10)',
      positiveInteger,
    )
    .option('--queries <file>', 'of places: query file that both are asked')
    .option('--mapping <file>', 'by which the target was loaded')
    .option('--export <folder>', 'an export of the source, which is not read again then')
    .option(
      '--lock <file>',
      'thresholds, workload and k, as "vecproof lock" fixes them (default: preset migration)',
    )
    .option('--require-lock', 'exit code 4 unless the thresholds are those that were locked')
    .option('--vector <name>', 'vector that is searched (default: the first dense one)')
    .option('--required <fields>', 'fields that every point returned must have, separated by commas', list)
    .option(
      '--source-search <key=value>',
      'a search parameter of the source, as the application has it',
      parameterOption,
      {},
    )
    .option('--target-search <key=value>', 'and of the target', parameterOption, {})
    .option('--repeat <n>', 'passes', positiveInteger)
    .option('--warmup <n>', 'untimed queries before each pass', naturalNumber, 50)
    .option('--seed <n>', 'of the order of the queries', naturalNumber, 42)
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action((first: string, second: string | undefined, options) =>
      run(options.out, async (context) => {
        if (options.queries !== undefined || options.lock !== undefined)
          return (await import('../actions/parity-live.js')).liveCommand(first, second, options, context);
        return (await import('../actions/parity.js')).parityCommand(first, second, options, context);
      }),
    );
}
