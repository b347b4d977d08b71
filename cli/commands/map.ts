import { type Command, InvalidArgumentError } from 'commander';
import { parameterOption } from '../key-value.js';
import { list, positiveInteger, type Run } from '../options.js';

export function register(program: Command, run: Run): void {
  program
    .command('map')
    .description(
      'write down what each part of an export becomes in a target, and every loss, before anything moves',
    )
    .argument('<export>', 'folder of an export; with --lookup a mapping')
    .option('--to <place>', 'engine:address#collection, with the name of the new collection')
    .option('--out <file>', 'mapping to write', 'mapping.yaml')
    .option('--index <key=value>', 'an index parameter of the target; may be repeated', parameterOption, {})
    .option(
      '--queries <file>',
      'queries of the application: their filters are translated, their fields indexed',
    )
    .option(
      '--threshold <score>',
      'a score below or above which the application drops hits; may be repeated',
      score,
      [],
    )
    .option('--required <fields>', 'fields without which a point is never loaded, separated by commas', list)
    .option('--keyword <fields>', 'text fields that are searched by keywords', list)
    .option('--displayed <fields>', 'text fields that people see', list)
    .option('--context <fields>', 'text fields that only a model reads', list)
    .option(
      '--ids <rule>',
      'identity, text, typed, tenant, uuid5 or file (default: as they are, as far as they can be)',
    )
    .option('--id-file <file>', 'Parquet with source_type, source_id and target_id')
    .option('--keep-id <field>', 'field of the target that holds the typed id of the source')
    .option('--k <n>', 'hits of a query (default: the largest of the queries, else 10)', positiveInteger)
    .option('--updates <share>', 'share of the points that is written anew each day', share)
    .option('--memory <size>', 'most memory of the index, such as 2GiB')
    .option('--latency <ms>', 'longest time of a search, milliseconds', milliseconds)
    .option('--accept-all <reason>', 'accept every loss for this reason')
    .option('--lookup <id>', 'print which id became which, by the mapping’s map of ids')
    .option('--json', 'print JSON')
    .action((folder: string, options) =>
      run(undefined, async (context) =>
        (await import('../actions/map.js')).mapCommand(folder, options, context),
      ),
    );
}

function score(text: string, before: number[]): number[] {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('must be a number.');
  return [...before, value];
}

function share(text: string): number {
  const value = Number(text);
  if (value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('must be a share from 0 to 1.');
}

function milliseconds(text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('must be a number of milliseconds above 0.');
}
