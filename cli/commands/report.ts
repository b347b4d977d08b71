import type { Command } from 'commander';
import { homeOption, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('report')
    .description('derive the results of a run from its raw files again and write its reports')
    .argument('[run]', 'run folder, id or "latest"', 'latest')
    .option('--format <names>', 'html, csv, json, junit, github, trec; separated by commas', 'html,csv,json')
    .option('--json', 'print the results as JSON on stdout')
    .addOption(homeOption())
    .action((reference: string, options) =>
      run(options.out, async (context) =>
        (await import('../actions/report.js')).reportCommand(reference, options, context),
      ),
    );
}
