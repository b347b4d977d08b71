import type { Command } from 'commander';
import { positiveInteger, type Run } from '../options.js';

const HELP = `
Measures: ndcg@k (gain = grade, as trec_eval), ndcg.exp@k (gain = 2^grade - 1), mrr, map, precision@k, recall@k,
success@k. As in trec_eval, documents are ordered by score, not by the rank column; equal scores by document id,
descending; unjudged documents count as not relevant; queries that only one of the two files has are left out, and a
query without relevant documents scores 0, as trec_eval without -c. trec_eval's names (ndcg_cut_10, P_10) are known, too. The ideal of nDCG is made from all judged documents.
Different from trec_eval: scores are compared as float64 (trec_eval: float32), a document that is listed or judged twice
is a fault, negative grades count as 0 (worth the same), mrr@k and ndcg.exp@k exist. In runs (vecproof run) queries
without relevant documents are left out instead of scoring 0. --json prints
{ measures: {name: mean}, queries: {id: {name: value}} }. See docs/measures.md.`;

export function register(program: Command, run: Run): void {
  program
    .command('score')
    .description('compute measures of a TREC run file against judgements, by trec_eval’s conventions')
    .requiredOption('--qrels <file>', 'judgements: TREC’s four columns, or BEIR’s three; .gz too')
    .requiredOption('--run <file>', 'run: query Q0 document rank score tag; .gz too')
    .option('--measures <names>', 'separated by commas', 'ndcg@10,mrr,map,precision@10,recall@100')
    .option(
      '-l, --level <n>',
      'grade from which on a document is relevant (not for ndcg)',
      positiveInteger,
      1,
    )
    .option('-c, --complete', 'judged queries that the run lacks count as 0')
    .option('--exclude-self', 'leave out a document that has the query’s id, as BEIR does')
    .option('--json', 'print { measures, queries } as JSON')
    .addHelpText('after', HELP)
    .action((options) =>
      run(undefined, async (context) => (await import('../actions/score.js')).scoreCommand(options, context)),
    );
}
