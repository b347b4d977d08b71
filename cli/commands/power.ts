import type { Command } from 'commander';
import { homeOption, type Run, share } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('power')
    .description('compute how many queries and builds a gate needs to detect a drop')
    .argument('[run]', 'run folder, id or "latest"', 'latest')
    .option('--measure <name>', 'a mean over queries (default: the deepest recall.ties@k)')
    .option('--drop <size>', 'loss to be detected, as 0.5pt or 0.005', '0.5pt')
    .option('--power <share>', 'chance of detecting it', share, 0.9)
    .option('--alpha <share>', 'chance of a false alarm', share, 0.05)
    .option('--baseline <name|runs>', 'other runs of the same suite, from which pairs and rebuilds are known')
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action((reference: string, options) =>
      run(options.out, async (context) =>
        (await import('../actions/power.js')).powerCommand(reference, options, context),
      ),
    );
}
