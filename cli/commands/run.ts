import { type Command, Option } from 'commander';
import { addDatasetOptions } from '../dataset-options.js';
import { homeOption, list, port, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  addDatasetOptions(program.command('run'))
    .description('plan, measure and report a suite')
    .argument('[suite]', 'YAML file, or the name of a suite that comes with vecproof')
    .option('--dataset <name|path>', 'measure on this dataset instead of the suite’s')
    .option('--engine <names>', 'only these engines, separated by commas', list)
    .option('--only <text>', 'only trials whose id contains this text')
    .option('--shard <i/n>', 'only the i-th of n parts of the builds; join the runs with merge')
    .option(
      '--start-at <time>',
      'with --shard: the shards send the loads of one build on one server together, from this time on (2026-11-30T12:00:00Z)',
    )
    .option('--baseline <name|run>', 'what the gates compare with (default: the baseline main, if set)')
    .option('--resume <run>', 'continue a run that was interrupted (folder, id or "latest")')
    .option('--retry-failed', 'with --resume: measure failed and skipped trials again')
    .addOption(
      new Option(
        '--remeasure <doubt>',
        'with --resume, also of a run that has ended: measure builds again with doubtful trials',
      ).choices(['busy', 'mixed']),
    )
    .option(
      '--allow-env <names>',
      'for a suite or run from elsewhere: the only variables it and its servers may have, separated by commas, or "none"',
      list,
    )
    .option('--dry-run', 'print the plan and stop')
    .option('--download', 'download datasets of the catalog that are not here yet')
    .addOption(
      new Option(
        '--inspect-build [port]',
        'each build waits for a debugger on this port of 127.0.0.1, without deadlines',
      )
        .argParser(port)
        .preset(9229),
    )
    .option('--json', 'print the results as JSON on stdout')
    .addOption(homeOption())
    .action((suite: string | undefined, options) =>
      run(options.out, async (context) =>
        (await import('../actions/run.js')).runCommand(suite, options, context),
      ),
    );
}
