import type { Command } from 'commander';
import { homeOption, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('baseline')
    .description('name runs that gates compare with')
    .argument('<action>', 'set or list')
    .argument('[runs...]', 'set: run folders, ids or "latest"; several are builds of the same state')
    .option('--name <name>', 'of the baseline', 'main')
    .addOption(homeOption())
    .action((action: string, runs: string[], options) =>
      run(options.out, async (context) =>
        (await import('../actions/baseline.js')).baselineCommand(action, runs, options, context),
      ),
    );
}
