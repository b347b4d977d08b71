import type { Command } from 'commander';
import { homeOption, list, type Run } from '../../options.js';

export function register(parent: Command, run: Run): void {
  parent
    .command('download')
    .description('download datasets of the catalog; resumes where it stopped')
    .argument('<name...>', 'names that "dataset list" shows')
    .option(
      '--mirror <url|folder>',
      'take the files from here and nowhere else (default: VECPROOF_DATASET_MIRROR)',
    )
    .option('--allow-host <names>', 'other hosts that downloads may be redirected to', list)
    .option('--accept-changed', 'accept files whose checksum differs from the known one')
    .addOption(homeOption())
    .action((names: string[], options) =>
      run(options.out, async (context) =>
        (await import('../../actions/dataset/download.js')).datasetDownloadCommand(names, options, context),
      ),
    );
}
