import { type Command, Option } from 'commander';
import { homeOption, type Run } from '../options.js';

const collect = (value: string, before: string[]): string[] => [...before, value];

export function register(program: Command, run: Run): void {
  program
    .command('migrate')
    .description(
      'take a plan through all stages, from export to cutover; it stops at every decision (exit code 4) and continues where it stopped',
    )
    .argument('<plan>', 'YAML file')
    .option(
      '--accept <what>',
      'take a decision that is awaited, or all of a kind; may be repeated',
      collect,
      [],
    )
    .option(
      '--again <stage>',
      'run a stage anew, and what depends on its result; may be repeated',
      collect,
      [],
    )
    .option('--reason <text>', 'why; it is recorded with the decision')
    .option('--by <name>', 'who decides (default: the user of this process)')
    .option('--status', 'only show where it stands')
    .addOption(new Option('--page', 'only write the page').conflicts('status'))
    .addOption(
      new Option('--follow', 'apply the change log to the target until interrupted').conflicts([
        'status',
        'page',
      ]),
    )
    .addOption(new Option('--pause', 'stop before the next stage until it is resumed').conflicts('resume'))
    .option('--resume', 'go on after --pause')
    .addOption(
      new Option('--rollback', 'let the source answer all reads again').conflicts(['pause', 'resume']),
    )
    .option('--json', 'print where it stands as JSON')
    .addOption(homeOption())
    .action((plan: string, options) =>
      run(options.out, async (context) =>
        (await import('../actions/migrate.js')).migrateCommand(plan, options, context),
      ),
    );
}
