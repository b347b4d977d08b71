import { resolve } from 'node:path';
import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { openData } from '../../harness/app/data.js';
import { displayPath, locate } from '../../harness/app/places.js';
import { compareProvided } from '../../harness/app/provided.js';
import { tilesOf } from '../../harness/app/truth-for.js';
import { loadOrComputeTruth } from '../../harness/truth/cache.js';
import { TRUTH_FORMATS, writeTruth } from '../../harness/truth/files.js';
import type { KernelName } from '../../harness/truth/kernel.js';
import { tiesAtRank, tiesWithin } from '../../harness/truth/ties.js';
import type { CommandContext } from '../context.js';
import { type DatasetArguments, datasetOptionsOf } from '../dataset-options.js';

export interface TruthCommand extends DatasetArguments {
  out: string;
  k: number;
  set?: string;
  limit?: number;
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
    ...datasetOptionsOf(options, context.cwd),
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
    const provided = await data.dataset.providedTruth(data.set);
    const compared = provided && compareProvided(provided, truth, { ...info, vectors, queries }, options.k);
    if (compared?.note != null) context.err.write(`warning: ${compared.note}\n`);
    const within = tiesWithin(truth, truth.depth, info.metric);
    const cut = tiesAtRank(truth, options.k - 1, info.metric, info.count);
    const lines = [
      `${info.name}, set ${data.set}: the ${truth.depth} nearest of ${info.count} points for ${count} queries by ${info.metric}`,
      `kernel ${truth.kernel}, ${truth.seconds.toFixed(2)} s${truth.fromCache ? ' (from the cache)' : ''}`,
      ...(within === undefined ? [] : [`queries with a tie between neighbouring ranks: ${percent(within)}`]),
      ...(cut === undefined || options.k < 2
        ? []
        : [`queries that tie at ranks ${options.k - 1} and ${options.k}: ${percent(cut)}`]),
      ...(compared?.agreement == null
        ? []
        : [`the dataset’s own neighbours: ${percent(compared.agreement)} agree, ties included`]),
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
