import { resolve } from 'node:path';
import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import type { Metric } from '../../datasets/dataset.js';
import { openData } from '../../harness/app/data.js';
import { displayPath, locate } from '../../harness/app/places.js';
import { tilesOf } from '../../harness/app/truth-for.js';
import { loadOrComputeTruth } from '../../harness/truth/cache.js';
import { TRUTH_FORMATS, writeTruth } from '../../harness/truth/files.js';
import type { KernelName } from '../../harness/truth/kernel.js';
import { tiesAtRank, tiesWithin } from '../../harness/truth/ties.js';
import type { CommandContext } from '../context.js';

export interface TruthCommand {
  out: string;
  k: number;
  set?: string;
  limit?: number;
  queries?: string;
  metric?: Metric;
  kernel?: KernelName;
}

/** `vecproof truth`: exact neighbours to a file. */
export async function truthCommand(
  name: string,
  options: TruthCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const path = resolve(context.cwd, options.out);
  if (!TRUTH_FORMATS.some((ending) => path.endsWith(ending))) {
    throw new InputError('unknown file format', {
      where: '--out',
      got: options.out,
      next: `end the name with ${TRUTH_FORMATS.join(' or ')}`,
    });
  }
  const data = await openData(context, {
    nameOrPath: locate(name, context.cwd),
    metric: options.metric ?? null,
    queriesFile: options.queries === undefined ? null : resolve(context.cwd, options.queries),
    set: options.set,
    limit: options.limit,
    seed: undefined,
    lenient: false,
  });
  const { info, vectors, queries, count } = data;
  try {
    for (const warning of data.warnings) context.err.write(`warning: ${warning}\n`);
    if (options.k > info.count) {
      throw new InputError(`k is larger than the dataset, which has ${info.count} points`, {
        where: '--k',
        got: options.k,
        next: `use at most ${info.count}`,
      });
    }
    const truth = await loadOrComputeTruth({
      cacheFolder: context.cache,
      datasetHash: info.hash,
      queriesHash: data.hash,
      vectors,
      queries,
      metric: info.metric,
      k: options.k,
      ...(options.kernel && { kernel: options.kernel }),
      signal: context.signal,
      onProgress: tilesOf(context, info.count),
      onWarning: (text) => context.err.write(`warning: ${text}\n`),
    });
    await writeTruth(path, truth, { metric: info.metric });
    const within = tiesWithin(truth, truth.depth, info.metric);
    const cut = tiesAtRank(truth, options.k - 1, info.metric, info.count);
    const lines = [
      `${info.name}, set ${data.set}: the ${truth.depth} nearest of ${info.count} points for ${count} queries by ${info.metric}`,
      `kernel ${truth.kernel}, ${truth.seconds.toFixed(2)} s${truth.fromCache ? ' (from the cache)' : ''}`,
      ...(within === undefined ? [] : [`queries with a tie between neighbouring ranks: ${percent(within)}`]),
      ...(cut === undefined || options.k < 2
        ? []
        : [`queries that tie at ranks ${options.k - 1} and ${options.k}: ${percent(cut)}`]),
      `wrote ${displayPath(path, context.cwd)}`,
    ];
    context.progress.end();
    context.out.write(`${lines.join('\n')}\n`);
    return EXIT.passed;
  } finally {
    await data.close();
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}
