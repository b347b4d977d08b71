import type { MeasureDefinition } from './definitions.js';

/** Measures of two trials that are compared answer by answer. */
export const PARITY_DEFINITIONS: readonly MeasureDefinition[] = [
  {
    name: 'overlap@k',
    title: 'Overlap@k',
    head: ['Overlap@k', 'ties aside'],
    unit: 'share',
    better: 'higher',
    definition:
      'Of two trials compared: mean over queries of the hits in common among the first k of both, over those of the longer answer. A hit in whose place the other side returned an equally near one (distances within the tie margin, one for one) counts as in common.',
    absent: 'no query of both was answered with a hit',
  },
  {
    name: 'jaccard@k',
    title: 'Jaccard@k',
    head: ['Jaccard@k', 'ties aside'],
    unit: 'share',
    better: 'higher',
    definition:
      'Of two trials compared: mean over queries of the hits in common among the first k of both, over all hits of both; ties as in overlap@k.',
    absent: 'no query of both was answered with a hit',
  },
  {
    name: 'rbo@k',
    title: 'RBO@k',
    head: ['RBO@k', 'ties aside'],
    unit: 'share',
    better: 'higher',
    definition:
      'Of two trials compared: mean over queries of the rank-biased overlap, extrapolated (Webber, Moffat & Zobel 2010), with p = 1 − 1/k (0.9 for k = 10, at least 0.5): differences at the top weigh more. Equally near neighbours may stand in any order.',
    absent: 'no query of both was answered with a hit',
  },
  {
    name: 'tau@k',
    title: 'Kendall’s tau@k',
    head: ['Tau@k', 'common hits'],
    unit: 'ratio',
    better: 'higher',
    definition:
      'Of two trials compared: mean over queries of Kendall’s tau over the hits in common, from −1 (reversed) to 1 (same order). Equally near neighbours may stand in any order.',
    absent: 'no query has two hits in common',
  },
  {
    name: 'parity.kept',
    title: 'Kept hits',
    head: ['Kept', 'ties aside'],
    unit: 'share',
    better: 'higher',
    definition:
      'Of two trials compared: all hits of the reference that the candidate returned too (or an equally near one), over all hits of the reference; 1 minus the shares of the causes.',
    absent: 'the reference returned nothing',
  },
  {
    name: 'parity.displacement',
    title: 'Displacement of the top',
    head: ['Top 3', 'moved by ranks'],
    unit: 'ratio',
    better: 'lower',
    definition:
      'Of two trials compared: mean over queries and the reference’s first three hits of how many ranks the candidate has moved them; a hit that is gone has rank k + 1.',
    absent: 'the reference returned nothing',
  },
  {
    name: 'parity.order',
    title: 'Score order',
    head: ['Score order', 'pairs alike'],
    unit: 'share',
    better: 'higher',
    definition:
      'Of two trials compared: of the pairs of hits in common whose distances differ, the share that both engines’ own scores put in the same order; mean over queries.',
    absent: 'no query has two hits in common with scores on both sides',
  },
  {
    name: 'parity.empty',
    title: 'Empty answers alike',
    head: ['Empty', 'alike'],
    unit: 'share',
    better: 'higher',
    definition:
      'Of two trials compared: share of the queries that both answered on which both or neither returned nothing.',
    absent: 'no query was answered by both',
  },
  {
    name: 'parity.errors',
    title: 'Errors alike',
    head: ['Errors', 'alike'],
    unit: 'share',
    better: 'higher',
    definition: 'Of two trials compared: share of the queries on which both or neither failed.',
    absent: 'the trials have no query in common',
  },
  {
    name: 'parity.latency',
    title: 'Latency ratio',
    head: ['Latency', 'candidate / reference'],
    unit: 'ratio',
    better: 'lower',
    definition:
      'Of two trials compared: median latency of the candidate over that of the reference; with builds: n the geometric mean over n pairs of builds, measured in turn, with an interval by Student’s t over the pairs (from 3 on). Different builds are measured one after the other, so one pair alone also holds what the machine did meanwhile.',
    absent: 'no query was answered by both',
  },
  {
    name: 'parity.lost',
    title: 'Lost hits',
    head: ['Lost', 'hits'],
    unit: 'count',
    better: 'lower',
    definition:
      'Of two trials compared: hits of the reference that the candidate did not return, nor an equally near one, over all pairs of answers (queries times passes). Its parts by cause add up to it.',
    absent: 'nothing was compared',
  },
  {
    name: 'parity.gained',
    title: 'Gained hits',
    head: ['Gained', 'hits'],
    unit: 'count',
    better: 'lower',
    definition:
      'Of two trials compared: hits of the candidate that the reference did not return, nor an equally near one, over all pairs of answers.',
    absent: 'nothing was compared',
  },
  {
    name: 'parity.ties',
    title: 'Ties',
    head: ['Ties', 'hits'],
    unit: 'count',
    better: 'neither',
    definition:
      'Of two trials compared: hits of the reference in whose place the candidate returned an equally near one. They count as agreement.',
    absent: 'nothing was compared',
  },
];
