#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { EXIT, InterruptedError, messageOf, VecproofError } from '../common/errors.js';
import { packageInfo } from '../common/paths.js';
import { visible } from '../common/visible.js';
import { METRICS } from '../datasets/dataset.js';
import { KERNELS } from '../harness/truth/kernel.js';
import { type Context, interruptSignal, makeContext, type Output } from './context.js';

const signal = interruptSignal();
const program = new Command('vecproof')
  .description('Proves or refutes, with evidence, that a vector search gives the answers it should.')
  .version(packageInfo().version)
  .showHelpAfterError('(add --help for all options)')
  .showSuggestionAfterError()
  .exitOverride()
  .addHelpText(
    'after',
    '\nExit codes: 0 passed, 1 a gate failed, 2 bad input, 3 an engine or dataset failed, 130 interrupted.',
  );

const SELECTIVITIES = ['0.0005', '0.005', '0.05', '0.3'];

type Action = (context: Context) => Promise<number>;

/** Runs a command with its context and sets the exit code. */
async function run(home: string | undefined, action: Action): Promise<void> {
  const context = makeContext(home, signal);
  try {
    process.exitCode = await action(context);
  } catch (error) {
    fail(error, context.err);
  }
}

/** `--out` of every command that reads or writes runs; `truth` has an `--out` file instead. */
const home = () =>
  new Option(
    '--out <folder>',
    'where .runs/ and .cache/ are (default: VECPROOF_HOME, else the working directory)',
  );

program
  .command('run')
  .description('plan, measure and report a suite')
  .argument('[suite]', 'YAML file, or the name of a suite that comes with vecproof')
  .option('--dataset <name|path>', 'measure on this dataset instead of the suite’s')
  .option('--engine <names>', 'only these engines, separated by commas', list)
  .option('--only <text>', 'only trials whose id contains this text')
  .option('--shard <i/n>', 'only the i-th of n parts of the builds; join the runs with merge')
  .option('--baseline <name|run>', 'what the gates compare with (default: the baseline main, if set)')
  .option('--resume <run>', 'continue a run that was interrupted (folder, id or "latest")')
  .option('--retry-failed', 'with --resume: measure failed and skipped trials again')
  .option('--dry-run', 'print the plan and stop')
  .option('--json', 'print the results as JSON on stdout')
  .addOption(home())
  .action((suite: string | undefined, options) =>
    run(options.out, async (context) =>
      (await import('./commands/run.js')).runCommand(suite, options, context),
    ),
  );

program
  .command('report')
  .description('derive the results of a run again from its raw files and write its reports')
  .argument('[run]', 'run folder, id or "latest"', 'latest')
  .option('--format <names>', 'html, csv, json, junit, github, trec; separated by commas', 'html,csv,json')
  .option('--json', 'print the results as JSON on stdout')
  .addOption(home())
  .action((reference: string, options) =>
    run(options.out, async (context) =>
      (await import('./commands/report.js')).reportCommand(reference, options, context),
    ),
  );

program
  .command('gate')
  .description('judge a stored run by its gates; exit code 1 if one fails')
  .argument('[run]', 'run folder, id or "latest"', 'latest')
  .option('--baseline <name|run>', 'baseline, or runs separated by commas (default: main, if set)')
  .option('--suite <file>', 'take the gates of this suite instead of the run’s own')
  .option(
    '--format <names>',
    'also write junit (junit.xml), github (annotations and step summary), html, csv, json',
  )
  .option('--json', 'print the verdicts as JSON on stdout')
  .addOption(home())
  .action((reference: string, options) =>
    run(options.out, async (context) =>
      (await import('./commands/gate.js')).gateCommand(reference, options, context),
    ),
  );

program
  .command('baseline')
  .description('name runs that gates compare with')
  .argument('<action>', 'set or list')
  .argument('[runs...]', 'set: run folders, ids or "latest"; several are builds of the same state')
  .option('--name <name>', 'of the baseline', 'main')
  .addOption(home())
  .action((action: string, runs: string[], options) =>
    run(options.out, async (context) =>
      (await import('./commands/baseline.js')).baselineCommand(action, runs, options, context),
    ),
  );

program
  .command('lock')
  .description('fix the gates of a suite; runs whose gates differ say so in every report')
  .argument('<suite>', 'YAML file, or the name of a suite that comes with vecproof')
  .action((suite: string) =>
    run(undefined, async (context) => (await import('./commands/lock.js')).lockCommand(suite, context)),
  );

program
  .command('power')
  .description('how many queries and builds a gate needs to see a drop')
  .argument('[run]', 'run folder, id or "latest"', 'latest')
  .option('--measure <name>', 'a mean over queries (default: the deepest recall.ties@k)')
  .option('--drop <size>', 'loss to be seen, as 0.5pt or 0.005', '0.5pt')
  .option('--power <share>', 'chance to see it', share, 0.9)
  .option('--alpha <share>', 'chance of a false alarm', share, 0.05)
  .option('--baseline <name|runs>', 'other runs of the same suite, from which pairs and rebuilds are known')
  .option('--json', 'print JSON')
  .addOption(home())
  .action((reference: string, options) =>
    run(options.out, async (context) =>
      (await import('./commands/power.js')).powerCommand(reference, options, context),
    ),
  );

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
  .addOption(home())
  .action((reference: string, other: string | undefined, options) =>
    run(options.out, async (context) =>
      (await import('./commands/parity.js')).parityCommand(reference, other, options, context),
    ),
  );

program
  .command('merge')
  .description('one run out of all shards of a suite')
  .argument('<runs...>', 'run folders or ids')
  .option('--baseline <name|run>', 'what the gates compare with (default: the baseline main, if set)')
  .option('--json', 'print the results as JSON on stdout')
  .addOption(home())
  .action((runs: string[], options) =>
    run(options.out, async (context) =>
      (await import('./commands/merge.js')).mergeCommand(runs, options, context),
    ),
  );

program
  .command('truth')
  .description('compute the exact nearest neighbours of a dataset’s queries into a file')
  .argument('<dataset>', 'catalog name or path')
  .requiredOption('--out <file>', 'file to write: .hdf5 (ann-benchmarks’ names) or .parquet')
  .option('--k <n>', 'neighbours per query', positiveInteger, 100)
  .option('--set <name>', 'query set (default: the first)')
  .option('--limit <n>', 'only the first n queries', positiveInteger)
  .option('--queries <file>', 'file with the queries, for datasets that have none')
  .addOption(new Option('--metric <name>', 'overrides the dataset’s').choices(METRICS))
  .addOption(new Option('--kernel <name>', 'how candidates are found').choices(KERNELS))
  .action((dataset: string, options) =>
    run(undefined, async (context) =>
      (await import('./commands/truth.js')).truthCommand(dataset, options, context),
    ),
  );

program
  .command('queries')
  .description('derive groups of filtered queries from a dataset’s metadata into a file that people can edit')
  .argument('<dataset>', 'catalog name or path')
  .requiredOption('--out <file>', 'file to write: JSON Lines for queries.file of a suite')
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
      (await import('./commands/queries.js')).queriesCommand(dataset, options, context),
    ),
  );

program
  .command('score')
  .description('measures of a TREC run file against judgements, by trec_eval’s conventions')
  .requiredOption('--qrels <file>', 'judgements: query 0 document grade')
  .requiredOption('--run <file>', 'run: query Q0 document rank score tag')
  .option('--measures <names>', 'separated by commas', 'ndcg@10,mrr,map,precision@10,recall@100')
  .option('--json', 'print { measures, queries } as JSON')
  .addHelpText('after', scoreHelp())
  .action((options) =>
    run(undefined, async (context) => (await import('./commands/score.js')).scoreCommand(options, context)),
  );

program
  .command('list')
  .description('what is there: engines, datasets, suites or runs')
  .argument('<what>', 'engines, datasets, suites, runs or history')
  .option('--json', 'print JSON')
  .addOption(home())
  .action((what: string, options) =>
    run(options.out, async (context) =>
      (await import('./commands/list.js')).listCommand(what, options, context),
    ),
  );

program
  .command('doctor')
  .description('what is missing on this machine, and how to get it')
  .option('--clean', 'remove what killed runs left behind')
  .option('--json', 'print JSON')
  .addOption(home())
  .action((options) =>
    run(options.out, async (context) =>
      (await import('./commands/doctor.js')).doctorCommand(options, context),
    ),
  );

function list(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

function naturalNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new InvalidArgumentError('must be an integer of at least 0.');
  return value;
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('must be an integer of at least 1.');
  return value;
}

function share(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('must lie between 0 and 1.');
  return value;
}

function scoreHelp(): string {
  return `
Measures: ndcg@k (gain = grade, as trec_eval), ndcg.exp@k (gain = 2^grade - 1), mrr, map, precision@k, recall@k,
success@k. As in trec_eval, documents are ordered by score, not by the rank column; equal scores by document id,
descending; unjudged documents count as not relevant; queries that only one of the two files has are left out, and a
query without relevant documents scores 0, as trec_eval without -c. The ideal of nDCG is made from all judged documents.
Different from trec_eval: scores are compared as float64 (trec_eval: float32), a document that is listed or judged twice
is a fault, negative grades count as 0 (worth the same), mrr@k and ndcg.exp@k exist. In runs (vecproof run) queries
without relevant documents are left out instead of scoring 0. --json prints
{ measures: {name: mean}, queries: {id: {name: value}} }. See docs/measures.md.`;
}

/** Expected errors are told in their own words; anything else is a defect and shows its stack. */
function fail(error: unknown, output: Pick<Output, 'write'>): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.passed : EXIT.badInput;
  } else if (signal.aborted || error instanceof InterruptedError) {
    output.write('interrupted\n');
    process.exitCode = EXIT.interrupted;
  } else if (error instanceof VecproofError) {
    output.write(`${visible(error.message)}\n`);
    process.exitCode = error.exitCode;
  } else {
    output.write(
      `unexpected: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}\n`,
    );
    process.exitCode = EXIT.engineOrDatasetFailed;
  }
}

try {
  await program.parseAsync();
} catch (error) {
  fail(error, process.stderr);
}
