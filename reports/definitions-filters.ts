import type { MeasureDefinition } from './definitions.js';

const counted = (
  name: string,
  title: string,
  head: readonly [string, string],
  definition: string,
  absent: string,
): MeasureDefinition => ({ name, title, head, unit: 'count', better: 'lower', definition, absent });

const NO_FILTER = 'no query with a filter was answered';
const NO_MATCHING = 'no query whose filter some point passes was answered';

/** What filters did. Counts over all passes; `n` says in how many observations. */
export const FILTER_DEFINITIONS: readonly MeasureDefinition[] = [
  counted(
    'filter.violations',
    'Filter violations',
    ['Violations', 'rows'],
    'Rows returned to queries with a filter that do not pass it, by the dataset’s own metadata and the meaning of docs/filters.md; the harness recomputes this for every row. n: rows held against a filter.',
    NO_FILTER,
  ),
  counted(
    'filter.underfill',
    'Under-filled answers',
    ['Under-fill', 'answers'],
    'Answers with fewer different rows than min(k, points that pass the filter). n: answers to queries whose filter some point passes.',
    NO_MATCHING,
  ),
  counted(
    'filter.wrongEmpty',
    'Wrongly empty answers',
    ['Wrongly', 'empty'],
    'Empty answers to queries whose filter some point passes. n: answers to such queries.',
    NO_MATCHING,
  ),
  counted(
    'filter.wrongFilled',
    'Wrongly filled answers',
    ['Wrongly', 'filled'],
    'Answers that hold rows although no point passes the filter. n: answers to such queries.',
    'no query whose filter no point passes was answered',
  ),
  counted(
    'leaks',
    'Leaks',
    ['Leaks', 'rows'],
    'Rows of another tenant than the query may see: those that fail the conditions on the tenant’s field, whatever else the filter says. n: rows returned to queries of a tenant.',
    'no query of a tenant was answered',
  ),
];

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
  better: 'higher',
  definition: `${definition} Mean over the judged queries that have a relevant document (grade of 1 or more); documents in the engine’s order, unjudged ones not relevant, a failed query an empty answer.`,
  absent: UNJUDGED,
});

/** Relevance by judgements; conventions are trec_eval’s but for queries without relevant documents, which are left out. */
export const RELEVANCE_DEFINITIONS: readonly MeasureDefinition[] = [
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
