import { join } from 'node:path';
import { addLosses, keepsJudgements, pointsFile, qrelsFile, queriesFile } from './parts.js';
import type { PlanContext } from './types.js';

/** BEIR's layout, with vectors: `corpus.jsonl`, `queries.jsonl`, `qrels/test.tsv`. */
export function beirFolder(context: PlanContext, folder: string): void {
  const { plan, dataset, sets, info } = context;
  addLosses(context);
  plan.folder = folder;
  plan.files.push(pointsFile(context, join(folder, 'corpus.jsonl'), '_id'));
  const [carried] = sets;
  if (carried !== undefined)
    plan.files.push(queriesFile(context, carried, join(folder, 'queries.jsonl'), '_id'));
  if (carried !== undefined && keepsJudgements(context, carried))
    plan.files.push(qrelsFile(dataset, carried.set.name, join(folder, 'qrels', 'test.tsv'), 'beir'));
  plan.notes.push(`the layout does not hold the metric: read it with --metric ${info.metric}`);
}
