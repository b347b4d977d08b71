import { EXIT, type ExitCode } from '../../common/errors.js';
import { readText } from '../../datasets/formats/lines.js';
import { readQrels } from '../../datasets/formats/qrels.js';
import { parseRun, scoreRun, type TrecRun } from '../../harness/measures/trec.js';
import type { CommandContext } from '../context.js';
import { table } from '../table.js';
import { printJson } from '../terminal.js';

export interface ScoreCommand {
  qrels: string;
  run: string;
  measures: string;
  json?: boolean;
  level?: number;
  complete?: boolean;
  excludeSelf?: boolean;
}

/** `vecproof score`: measures of any TREC run file. */
export async function scoreCommand(options: ScoreCommand, context: CommandContext): Promise<ExitCode> {
  const qrels = await readQrels(options.qrels);
  const run = parseRun(await readText(options.run), options.run);
  const names = options.measures.split(',').map((name) => name.trim());
  const scored = scoreRun(qrels, run, names, options);
  const found = [...qrels.keys()].filter((query) => run.has(query)).length;
  if (found < qrels.size) context.err.write(missingQueries(found, qrels.size, options));
  const own = options.excludeSelf === true ? 0 : selfRetrieved(run);
  if (own > 0) context.err.write(selfNote(own, run.size));
  if (options.json === true) {
    printJson(context.out, { measures: scored.measures, queries: scored.queries });
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

function missingQueries(found: number, judged: number, { complete }: ScoreCommand): string {
  return complete === true
    ? `note: ${found} of ${judged} judged queries are in the run; the others count as 0 (-c)\n`
    : `warning: ${found} of ${judged} judged queries are in the run; the others are left out, as trec_eval does (-c counts them as 0)\n`;
}

/** Queries whose answer holds the document of their own id. */
function selfRetrieved(run: TrecRun): number {
  return [...run].filter(([query, entries]) => entries.some(({ document }) => document === query)).length;
}

function selfNote(own: number, queries: number): string {
  return `note: ${own} of ${queries} queries have a document of their own id in their answer; BEIR leaves it out (--exclude-self)\n`;
}
