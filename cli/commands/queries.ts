import { type Command, InvalidArgumentError } from 'commander';
import { addDatasetOptions } from '../dataset-options.js';
import { list, naturalNumber, positiveInteger, type Run } from '../options.js';

/** `vecproof queries import <log>`; a dataset of that name needs its path. */
function registerImport(queries: Command, run: Run): void {
  queries
    .command('import')
    .description(
      'draw a stratified, redacted set of queries from an application’s own log, and say what it lacks',
    )
    .argument(
      '<log>',
      'JSON Lines: vector or text, filter, k, group, workflow, tenant, time, hits, threshold',
    )
    .requiredOption('--out <file>', 'query file to write; <file>.coverage.json stands beside it')
    .option(
      '--key <key=name>',
      'the log’s own name of a key, such as vector=embedding; may be repeated',
      keyName,
      {},
    )
    .option('--redact <names>', 'keys and fields that are never written, separated by commas', list)
    .option('--data <export>', 'folder of an export: counts what filters and tenants let through')
    .option(
      '--native <engine>',
      'engine whose filters the log has as "native": they become portable (with --data)',
    )
    .option('--size <n>', 'queries to draw', positiveInteger, 1000)
    .option('--floor <n>', 'queries that each stratum gets first', positiveInteger, 30)
    .option('--seed <n>', 'the same seed gives the same file', naturalNumber, 42)
    .option('--json', 'print the coverage as JSON')
    .action((log: string, options) =>
      run(undefined, async (context) =>
        (await import('../actions/queries-import.js')).importCommand(log, options, context),
      ),
    );
}

function keyName(text: string, before: Record<string, string>): Record<string, string> {
  const [, key, name] = /^([a-z]+)=(.+)$/s.exec(text) ?? [];
  if (key === undefined || name === undefined)
    throw new InvalidArgumentError('must be key=name, such as vector=embedding.');
  return { ...before, [key]: name };
}

const SELECTIVITIES = ['0.0005', '0.005', '0.05', '0.3'];

export function register(program: Command, run: Run): void {
  const queries = addDatasetOptions(program.command('queries'));
  registerImport(queries.enablePositionalOptions(), run);
  queries
    .description(
      'derive groups of filtered queries from a dataset’s metadata into a file that people can edit',
    )
    .argument('<dataset>', 'catalog name or path')
    // Commander asks for a parent's required options before a subcommand, too: it is asked for when it is used.
    .option('--out <file>', 'file to write: JSON Lines for queries.file of a suite')
    .option('--set <name>', 'query set whose vectors are taken (default: the first)')
    .option('--seed <n>', 'the same seed gives the same file', naturalNumber, 42)
    .option('--per-group <n>', 'queries of each group', positiveInteger, 50)
    .option('--k <n>', 'most points that a restrictive filter lets through', positiveInteger, 10)
    .option('--groups <names>', 'separated by commas (default: all that the metadata allows)', list)
    .option('--selectivity <shares>', 'shares of the points that ranges let through', list, SELECTIVITIES)
    .option('--tenant <field>', 'field that says whose a point is (default: one is chosen)')
    .option('--fields <names>', 'only these fields, separated by commas', list)
    .action((dataset: string, options) =>
      run(undefined, async (context) =>
        (await import('../actions/queries.js')).queriesCommand(dataset, options, context),
      ),
    );
}
