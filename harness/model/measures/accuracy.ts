import type { MeasureDefinition } from './measure.js';

/** How near the answers are to the exact neighbours. */
export const ACCURACY: readonly MeasureDefinition[] = [
  {
    name: 'recall.ties@k',
    title: 'Recall@k',
    head: ['Recall@k', 'tie-aware'],
    unit: 'share',
    kind: 'mean',
    better: 'higher',
    definition:
      'Mean over queries of |{r ∈ R : d(q, r) ≤ dₖ}| / min(k, |G|), with R the first k hits (each id counted once), G the exact neighbours and dₖ the k-th exact distance plus what rounding of its float64 sum can be off by. Any of several points at the same distance counts as found; a point that fails the query’s filter does not. Distances are recomputed by the harness in float64; a failed query counts as an empty answer.',
    absent: 'no query with known neighbours was answered',
  },
  {
    name: 'recall@k',
    title: 'Recall@k by id',
    head: ['Recall@k', 'by id'],
    unit: 'share',
    kind: 'mean',
    better: 'higher',
    definition:
      'Mean over queries of |R ∩ G| / min(k, |G|), ids compared with ids. Where several points lie at exactly the same distance, an equally near point may count as a miss here, by which of them the truth lists (the lowest row numbers): `ties` is the range of what the figure could be. Compare engines by the tie-aware figure.',
    absent: 'no query with known neighbours was answered',
  },
  {
    name: 'recall.epsilon@k',
    title: 'Recall@k of ann-benchmarks',
    head: ['Recall@k', 'ε = 10⁻³'],
    unit: 'share',
    kind: 'mean',
    better: 'higher',
    definition:
      'As ann-benchmarks defines it, for comparison with published figures: mean over queries of the number of the first k hits whose recomputed distance is at most dₖ + 10⁻³, divided by min(k, |G|). The slack is absolute, generous for cosine distances and nothing for long vectors; an id that is returned twice counts twice. Not for choosing an engine.',
    absent:
      'the metric is dot, which ann-benchmarks does not have, or one of bits, whose distances it counts otherwise, or no query with known neighbours was answered',
  },
  {
    name: 'distance.error',
    title: 'Distance error',
    head: ['Distance', 'error'],
    unit: 'ratio',
    kind: 'mean',
    better: 'lower',
    definition:
      'Mean over queries of (Σ dᵢ − Σ gᵢ) / Σ |gᵢ|, with dᵢ the recomputed distances of the distinct hits returned and gᵢ those of as many exact neighbours: how much farther away the answers are, where recall only counts them.',
    absent: 'undefined where nothing was returned or the exact distances are all zero',
  },
];
