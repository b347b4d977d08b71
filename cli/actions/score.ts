import { EXIT, type ExitCode } from '../../common/errors.js';
import { readTextFile } from '../../harness/app/places.js';
import { parseQrels, parseRun, scoreRun } from '../../harness/measures/trec.js';
import type { CommandContext } from '../context.js';
import { table } from '../table.js';

export interface ScoreCommand {
  qrels: string;
  run: string;
  measures: string;
  json?: boolean;
}

/** `vecproof score`: measures of any TREC run file. */
export async function scoreCommand(options: ScoreCommand, context: CommandContext): Promise<ExitCode> {
  const qrels = parseQrels(readTextFile(options.qrels, 'the file of judgements'), options.qrels);
  const run = parseRun(readTextFile(options.run, 'the run file'), options.run);
  const names = options.measures.split(',').map((name) => name.trim());
  const scored = scoreRun(qrels, run, names);
  if (options.json === true) {
    context.out.write(`${JSON.stringify({ measures: scored.measures, queries: scored.queries })}\n`);
    return EXIT.passed;
  }
  const queries = Object.values(scored.queries);
  const rows = Object.entries(scored.measures).map(([measure, mean]) => ({
    measure,
    mean: mean.toFixed(4),
    queries: queries.filter((each) => each[measure] !== undefined).length,
  }));
  context.out.write(table(rows));
  return EXIT.passed;
}
