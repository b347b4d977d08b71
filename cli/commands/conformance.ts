import type { Command } from 'commander';
import type { Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('conformance')
    .description('hold an engine of your own to the suite that ours are held to; its code runs here')
    .argument('<module>', 'path of a module that defines an engine')
    .option('--json', 'print capabilities and checks as JSON on stdout')
    .action((target: string, options: { json?: true }) =>
      run(undefined, async (context) =>
        (await import('../actions/conformance.js')).conformanceCommand(target, options, context),
      ),
    );
}
