import type { Command } from 'commander';
import { homeOption, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('compare')
    .description('several runs and datasets in one report, and the settings that runs share side by side')
    .argument(
      '<runs...>',
      'two or more run folders or ids, or "latest"; the first is what others are held against',
    )
    .option(
      '--file <path>',
      'where the page is written; a new file (default: compare-<time>.html among the runs)',
    )
    .option('--json', 'print the shared settings as JSON on stdout')
    .addOption(homeOption())
    .action((runs: string[], options) =>
      run(options.out, async (context) =>
        (await import('../actions/compare.js')).compareCommand(runs, options, context),
      ),
    );
}
