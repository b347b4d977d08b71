import type { MeasureDefinition } from './measure.js';

const UNJUDGED = 'no query with a relevant document was judged';

const judged = (
  name: string,
  title: string,
  definition: string,
  head: readonly [string, string] = [title, ''],
): MeasureDefinition => ({
  name,
  title,
  head,
  unit: 'share',
  kind: 'mean',
  better: 'higher',
  definition: `${definition} Mean over the judged queries that have a relevant document (grade of 1 or more); documents in the engine’s order, unjudged ones not relevant, nor any that fails the query’s filter or is another tenant’s; a failed query is an empty answer.`,
  absent: UNJUDGED,
});

/** Relevance by judgements; conventions are trec_eval’s but for queries without relevant documents, which are left out. */
export const RELEVANCE: readonly MeasureDefinition[] = [
  judged(
    'ndcg@k',
    'nDCG@k',
    'DCG / IDCG with DCG = Σ gᵢ / log₂(i + 1) over the first k: raw grades as gain, as trec_eval computes it, the ideal from all judged documents.',
    ['nDCG@k', 'linear gain'],
  ),
  judged(
    'ndcg.exp@k',
    'nDCG@k (exponential gain)',
    'As nDCG@k, with 2^grade − 1 as gain (Burges et al. 2005), which weighs high grades more.',
    ['nDCG@k', 'exp. gain'],
  ),
  judged(
    'precision@k',
    'Precision@k',
    'Relevant documents among the first k, divided by k even if fewer came.',
  ),
  judged('success@k', 'Success@k', '1 if a relevant document is among the first k, else 0.'),
  judged(
    'mrr',
    'MRR',
    '1 / rank of the first relevant document of the answer (the largest k of the suite), 0 without one.',
  ),
  judged(
    'map',
    'MAP',
    'Precisions at the ranks of relevant documents of the answer (the largest k of the suite), summed and divided by all relevant documents: an answer of k cannot reach 1 where more are relevant.',
  ),
];
