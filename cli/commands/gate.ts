import type { Command } from 'commander';
import { homeOption, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('gate')
    .description('judge a stored run by its gates; exit code 1 if one fails')
    .argument('[run]', 'run folder, id or "latest"', 'latest')
    .option('--baseline <name|run>', 'baseline, or runs separated by commas (default: main, if set)')
    .option('--suite <file>', 'take the gates of this suite instead of the run’s own')
    .option(
      '--format <names>',
      'also write junit (junit.xml), github (annotations and step summary), html, csv, json',
    )
    .option('--json', 'print the verdicts as JSON on stdout')
    .addOption(homeOption())
    .action((reference: string, options) =>
      run(options.out, async (context) =>
        (await import('../actions/gate.js')).gateCommand(reference, options, context),
      ),
    );
}
