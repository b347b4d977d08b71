import type { Command } from 'commander';
import type { Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('lock')
    .description('lock the gates of a suite; runs whose gates differ are marked in every report')
    .argument('<suite>', 'YAML file, or the name of a suite that comes with vecproof')
    .action((suite: string) =>
      run(undefined, async (context) => (await import('../actions/lock.js')).lockCommand(suite, context)),
    );
}
