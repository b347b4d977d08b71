import { basename } from 'node:path';
import {
  addLosses,
  keepsJudgements,
  neighborsEnding,
  neighborsFile,
  pointsFile,
  qrelsFile,
  queriesFile,
} from './parts.js';
import { judgementsBeside, neighborsBeside, queriesBeside, type Target } from './target.js';
import type { PlanContext } from './types.js';

/** One file with the points; queries, neighbours and judgements inside of it or beside it. */
export function singleFile(context: PlanContext, { path }: Extract<Target, { kind: 'file' }>): void {
  const { plan, dataset, info, sets, keeping } = context;
  addLosses(context);
  plan.files.push(pointsFile(context, path));
  const [carried] = sets;
  const options: string[] = [];
  if (carried !== undefined) {
    if (keeping.writer.queries === 'beside')
      plan.files.push(queriesFile(context, carried, queriesBeside(path)));
    const ending = carried.neighbors && neighborsEnding(context, carried.neighbors);
    if (ending !== undefined) {
      const beside = neighborsBeside(path, ending);
      plan.files.push(neighborsFile(carried.set.name, carried.neighbors!, beside));
      options.push(`--neighbors ${basename(beside)}`);
    }
    if (keepsJudgements(context, carried)) {
      const beside = judgementsBeside(path);
      plan.files.push(qrelsFile(dataset, carried.set.name, beside, 'beir'));
      options.push(`--qrels ${basename(beside)}`);
    }
  }
  if (!keeping.writer.metric) options.unshift(`--metric ${info.metric}`);
  if (options.length > 0) {
    plan.notes.push(
      `the file does not say everything by itself: read it with ${options.join(' ')}, or convert to a folder, whose dataset.yaml does`,
    );
  }
}
