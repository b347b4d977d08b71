import type { Command } from 'commander';
import { homeOption, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('doctor')
    .description('check what is missing on this machine and how to get it')
    .option('--clean', 'remove what killed runs left behind')
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action((options) =>
      run(options.out, async (context) =>
        (await import('../actions/doctor.js')).doctorCommand(options, context),
      ),
    );
}
