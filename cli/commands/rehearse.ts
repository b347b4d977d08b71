import type { Command } from 'commander';
import { homeOption, list, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('rehearse')
    .description(
      'rehearse the cutover of a plan on scratch collections, with traffic and planted faults; exit code 1 if anything was lost',
    )
    .argument('<plan>', 'YAML file')
    .option(
      '--faults <names>',
      'plant these, separated by commas: all, a name, or name@window for one window',
      list,
      [],
    )
    .option('--json', 'print the result as JSON')
    .addOption(homeOption())
    .action((plan: string, options) =>
      run(options.out, async (context) =>
        (await import('../actions/rehearse.js')).rehearseCommand(plan, options, context),
      ),
    );
}
