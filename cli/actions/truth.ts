import { EXIT, type ExitCode } from '../../common/errors.js';
import { displayPath } from '../../harness/app/places.js';
import { rangeToFile } from '../../harness/app/rows-within.js';
import { parseShard } from '../../harness/app/shard.js';
import { truthToFile } from '../../harness/app/truth-file.js';
import type { TruthRequest } from '../../harness/app/truth-request.js';
import { formatPercent } from '../../reports/format.js';
import type { CommandContext } from '../context.js';
import { type DatasetArguments, datasetOptionsOf } from '../dataset-options.js';
import { bytesOf } from '../sizes.js';

export interface TruthCommand
  extends DatasetArguments,
    Omit<TruthRequest, 'dataset' | 'options' | 'memory' | 'shard'> {
  memory?: string;
  shard?: string;
}

/** `vecproof truth`: exact neighbours to a file. */
export async function truthCommand(
  name: string,
  options: TruthCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const request = {
    ...options,
    memory: options.memory === undefined ? undefined : bytesOf(options.memory),
    shard: options.shard === undefined ? undefined : parseShard(options.shard),
    dataset: name,
    options: datasetOptionsOf(options, context.cwd),
  };
  if (request.radius !== undefined) return tellRange({ ...request, radius: request.radius }, context);
  const { info, set, queries, depth, kernel, seconds, gflops, checked, fromCache, part, within, ...found } =
    await truthToFile(request, context);
  const shares: [share: number | undefined, before: string, after: string][] = [
    [found.ties, 'queries with a tie between neighbouring ranks:', ''],
    [found.tiesAtCut, `queries that tie at ranks ${options.k - 1} and ${options.k}:`, ''],
    [found.agreement, 'the dataset’s own neighbours:', ' agree, ties included'],
  ];
  const lines = [
    `${info.name}, set ${set}: the ${depth} nearest of ${info.count} points for ${queries} queries by ${info.metric}`,
    ...(part === undefined ? [] : [`only rows ${part.from} to ${part.to - 1}: merge all parts`]),
    ...(within === undefined ? [] : [`with all ties at rank ${options.k}: ${within} rows in all`]),
    `kernel ${kernel}, ${seconds.toFixed(2)} s${gflops === undefined ? '' : `, ${gflops.toFixed(1)} GFLOP/s`}${fromCache ? ' (from the cache)' : ''}`,
    ...(checked === undefined
      ? []
      : [
          `checked: ${checked.queries} of the queries computed by ${checked.kernel}, too, with the same neighbours${checked.seconds === undefined ? '' : `, ${checked.seconds.toFixed(2)} s`}`,
        ]),
    ...shares.flatMap(([share, before, after]) =>
      share === undefined ? [] : [`${before} ${formatPercent(share)}${after}`],
    ),
    ...((info.leftOut ?? []).some(({ points }) => points > 0)
      ? ['row numbers in the file count the points that are left']
      : []),
    `wrote ${displayPath(found.path, context.cwd)}`,
  ];
  context.progress.end();
  context.out.write(`${lines.join('\n')}\n`);
  return EXIT.passed;
}

async function tellRange(
  request: TruthRequest & { radius: number },
  context: CommandContext,
): Promise<ExitCode> {
  const { info, set, queries, rows, empty, most, kernel, seconds, checked, path } = await rangeToFile(
    request,
    context,
  );
  const lines = [
    `${info.name}, set ${set}: all of ${info.count} points within ${request.radius} of ${queries} queries by ${info.metric}`,
    `${rows} points, at most ${most} of a query; ${empty} queries have none`,
    `kernel ${kernel}, ${seconds.toFixed(2)} s`,
    ...(checked === undefined
      ? []
      : [
          `checked: ${checked.queries} of the queries computed by ${checked.kernel}, too, with the same points`,
        ]),
    `wrote ${displayPath(path, context.cwd)}`,
  ];
  context.progress.end();
  context.out.write(`${lines.join('\n')}\n`);
  return EXIT.passed;
}
