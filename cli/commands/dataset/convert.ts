import { type Command, InvalidArgumentError } from 'commander';
import { suggest } from '../../../common/nearest.js';
import { LOSS_KINDS } from '../../../datasets/convert/losses.js';
import { addDatasetOptions } from '../../dataset-options.js';
import type { Run } from '../../options.js';

const ACCEPTABLE = [...LOSS_KINDS, 'all'] as const;

export function register(parent: Command, run: Run): void {
  addDatasetOptions(parent.command('convert'))
    .description('write a dataset in another format: a file by its ending, judgements (.qrels), or a folder')
    .argument('<dataset>', 'catalog name or path')
    .argument('<out>', 'file to write; or a folder with a dataset.yaml (end its name with /)')
    .option('--format <name>', 'of a folder’s files (default: parquet); beir is BEIR’s layout')
    .option('--set <name>', 'query set, where the target holds one (default: the first)')
    .option(
      '--accept-loss <kinds>',
      `write although the target does not hold everything: ${ACCEPTABLE.join(', ')}; separated by commas`,
      lossKinds,
      [],
    )
    .option('--overwrite', 'replace existing files')
    .option('--dry-run', 'print what would be written and lost, then stop')
    .option('--json', 'print JSON')
    .action((input: string, out: string, options) =>
      run(undefined, async (context) =>
        (await import('../../actions/dataset/convert.js')).datasetConvertCommand(
          input,
          out,
          options,
          context,
        ),
      ),
    );
}

function lossKinds(text: string): (typeof ACCEPTABLE)[number][] {
  return text.split(',').map((part) => {
    const kind = ACCEPTABLE.find((each) => each === part.trim());
    if (kind !== undefined) return kind;
    throw new InvalidArgumentError(suggest(`there is no kind "${part.trim()}"`, part.trim(), ACCEPTABLE));
  });
}
