import type { Command } from 'commander';
import { naturalNumber, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('verify')
    .description('compare every point of two collections or exports by id; exit code 1 if they differ')
    .argument('<source>', 'engine:address#collection, or export:folder')
    .argument('<target>', 'the same')
    .option('--mapping <file>', 'what the target was loaded by: the source is compared as it has to be there')
    .option('--differences <file>', 'write all differences to this Parquet file')
    .option('--samples <n>', 'differences told in words', naturalNumber, 10)
    .option('--sample <n>', 'points that are searched for by their own vectors', naturalNumber, 100)
    .option('--queries <file>', 'JSON Lines whose filters must count the same on both sides')
    .option(
      '--rejects <file>',
      'rejects.parquet of the load: what was accepted to stay out is no difference (default: that of the mapping’s own load)',
    )
    .option(
      '--since <watermark>',
      "the target's watermark after the load, or export:folder of an export that has it: another one now is somebody else's write",
    )
    .option('--out <file>', 'write the result to this JSON file')
    .option('--html <file>', 'write a page')
    .option('--json', 'print the result as JSON')
    .action((source: string, target: string, options) =>
      run(undefined, async (context) =>
        (await import('../actions/verify.js')).verifyCommand(source, target, options, context),
      ),
    );
}
