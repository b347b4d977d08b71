import type { MeasureDefinition } from './measure.js';

const counted = (
  name: string,
  title: string,
  head: readonly [string, string],
  definition: string,
  absent: string,
): MeasureDefinition => ({
  name,
  title,
  head,
  unit: 'count',
  kind: 'count',
  better: 'lower',
  definition,
  absent,
});

const NO_FILTER = 'no query with a filter was answered';
const NO_MATCHING = 'no query whose filter some point passes was answered';

/** What filters did. Counts over all passes; `n` says in how many observations. */
export const FILTERS: readonly MeasureDefinition[] = [
  counted(
    'filter.violations',
    'Filter violations',
    ['Violations', 'rows'],
    'Rows returned to queries with a filter that do not pass it, by the dataset’s own metadata and the meaning of docs/filters.md; the harness recomputes this for every row. n: rows checked against a filter.',
    NO_FILTER,
  ),
  counted(
    'filter.underfill',
    'Under-filled answers',
    ['Under-fill', 'answers'],
    'Answers with fewer different rows that pass the filter than min(k, points that pass it); keys that are no point fill nothing. n: answers to queries whose filter some point passes.',
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
  {
    name: 'required.missing',
    title: 'Required metadata missing',
    head: ['Required', 'missing, hits'],
    unit: 'count',
    kind: 'count',
    better: 'lower',
    definition:
      'Of two places compared: hits whose point in this place lacks a field that the mapping requires (permissions, owner, …), or has another value in it than the source. The points were read by their ids after the measured passes.',
    absent: 'no field is required',
  },
];
