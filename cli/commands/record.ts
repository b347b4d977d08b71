import { type Command, Option } from 'commander';
import { homeOption, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('record')
    .description(
      'one page and one JSON about a migration: each item of the checklist with evidence, decisions and what is open; --verify holds one to its files, without the databases',
    )
    .argument('<plan>', 'plan or folder of a migration; with --verify its record.json, or their folder')
    .option('--verify', 'hold a record to the log and every file that it stands on')
    .addOption(
      new Option('--sum <sha256>', 'with --verify: the sum that was kept elsewhere').implies({
        verify: true,
      }),
    )
    .option('--json', 'print it as JSON')
    .addOption(homeOption())
    .action((given: string, options) =>
      run(options.out, async (context) =>
        (await import('../actions/record.js')).recordCommand(given, options, context),
      ),
    );
}
