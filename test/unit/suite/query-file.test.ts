import { describe, expect, it } from 'vitest';
import { faultText } from '../../../common/faults.js';
import type { FieldSchema } from '../../../datasets/dataset.js';
import { checkQueries } from '../../../harness/suite/filtered-queries.js';
import { parseQueryFile, placeLineFaults } from '../../../harness/suite/query-file.js';

const fields: FieldSchema[] = [
  { name: 'section', type: 'string', nullable: false },
  { name: 'owner', type: 'string', nullable: true },
  { name: 'size', type: 'integer', nullable: true },
];
const known = {
  fields,
  dimensions: 2,
  ids: new Map([
    ['q1', 0],
    ['q2', 1],
  ]),
  set: 'new',
  maxK: 10,
  cosine: true,
};

function read(text: string) {
  const parsed = parseQueryFile(text);
  const checked = checkQueries(parsed.entries, known);
  const faults = placeLineFaults('x.jsonl', [...parsed.faults, ...checked.faults]).map(faultText);
  return { queries: checked.queries, faults };
}

describe('a query file', () => {
  it('gives queries by reference or vector, with groups, filters, tenants and judgements', () => {
    const { queries, faults } = read(
      [
        '# made by hand',
        '{"query": "q2", "filter": {"section": "libs"}, "group": "broad", "k": 3}',
        '',
        '{"id": "own", "vector": [1, 0], "judgements": {"d1": 2}}',
        '{"id": "t", "query": "q1", "filter": {"owner": "me", "size": {"$gt": 3}}, "group": "tenant", "tenant": "owner"}',
      ].join('\n'),
    );
    expect(faults).toEqual([]);
    expect(queries.map(({ id, group, k, line }) => [id, group, k, line])).toEqual([
      ['q2', 'broad', 3, 2],
      ['own', 'unfiltered', 10, 4],
      ['t', 'tenant', 10, 5],
    ]);
    expect(queries[0]!.source).toBe(1);
    expect(queries[1]!.source).toEqual(new Float32Array([1, 0]));
    expect(queries[2]!.tenant).toMatchObject({ field: 'owner', filter: { op: 'eq', value: 'me' } });
  });

  it.each([
    ['{"query": "q1"', 'x.jsonl:1 is not JSON'],
    ['[1]', 'x.jsonl:1 must be a JSON object'],
    ['{"query": "q9"}', 'x.jsonl:1 query is no query of the set new. Did you mean "q1"? (got "q9")'],
    ['{"query": "q1", "filtre": {}}', 'x.jsonl:1 filtre is not a known key. Did you mean "filter"?'],
    [
      '{"query": "q1", "filter": {"sectoin": "a"}}',
      'x.jsonl:1 filter.sectoin is no field of the dataset. Did you mean "section"?',
    ],
    ['{"query": "q1", "filter": {"section": {"$near": 1}}}', 'x.jsonl:1 filter.section.$near is no operator'],
    ['{"query": "q1", "filter": {"size": "ten"}}', 'x.jsonl:1 filter.size'],
    [
      '{"id": "a", "vector": [1, 2, 3]}',
      'x.jsonl:1 vector must have the 2 dimensions of the dataset (got "3 numbers")',
    ],
    ['{"id": "a", "vector": [0, 0]}', 'x.jsonl:1 vector is zero'],
    ['{"id": "a", "vector": [1e39, 0]}', 'x.jsonl:1 vector has a component beyond float32'],
    ['{"id": "a"}', 'x.jsonl:1 query must be given'],
    ['{"query": "q1", "k": 11}', 'x.jsonl:1 k must be at most the suite’s largest k, 10 (got 11)'],
    ['{"query": "q1", "group": "all"}', 'x.jsonl:1 group is a name that reports use themselves'],
    ['{"query": "q1", "judgements": {"d": 0.5}}', 'x.jsonl:1 judgements must be an object'],
    ['{"query": "q1", "tenant": "owner"}', 'x.jsonl:1 tenant needs a filter'],
    [
      '{"query": "q1", "filter": {"size": 3}, "tenant": "owner"}',
      'x.jsonl:1 tenant must be a field that the filter binds',
    ],
    ['', 'x.jsonl:1 holds no query'],
  ])('says of %s where and what is wrong', (line, message) => {
    expect(read(line).faults.join('\n')).toContain(message);
  });

  it('lists all faults at once, those of repeated ids with the first line', () => {
    const { faults } = read('{"query": "q1"}\n{"query": "q1"}\n{"query": "nothing-like-it"}');
    expect(faults).toEqual([
      'x.jsonl:2 id is the id of line 1 already (got "q1")',
      expect.stringContaining('x.jsonl:3 query is no query of the set new.'),
    ]);
  });
});
