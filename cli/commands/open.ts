import type { Command } from 'commander';
import { homeOption, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('open')
    .description('open the newest report in the browser')
    .argument('[run]', 'run folder, id or "latest" (default: the newest run that has a report)')
    .option('--print', 'only print the path of the report')
    .addOption(homeOption())
    .action((reference: string | undefined, options) =>
      run(options.out, async (context) =>
        (await import('../actions/open.js')).openCommand(reference, options, context),
      ),
    );
}
