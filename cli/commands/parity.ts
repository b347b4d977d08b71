import type { Command } from 'commander';
import { homeOption, positiveInteger, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('parity')
    .description(
      'compare two trials answer by answer: of one stored run, or of two on the same data and queries',
    )
    .argument('<run>', 'run of the reference: folder, id or "latest"')
    .argument('[other]', 'run of the candidate, if it is another one')
    .requiredOption('--reference <trial>', 'series, build or trial id, or selectors such as engine:…,ef:64')
    .requiredOption('--candidate <trial>', 'named in the same way')
    .option('--k <n>', 'hits compared (default: the largest k measured)', positiveInteger)
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action((reference: string, other: string | undefined, options) =>
      run(options.out, async (context) =>
        (await import('../actions/parity.js')).parityCommand(reference, other, options, context),
      ),
    );
}
