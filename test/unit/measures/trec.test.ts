import { describe, expect, it } from 'vitest';
import { InputError } from '../../../common/errors.js';
import { ndcg, precisionAt } from '../../../harness/measures/relevance.js';
import { compareBytes, parseQrels, parseRun, scoreRun } from '../../../harness/measures/trec.js';

const qrels = parseQrels('q1 0 a 1\nq1\t0\tb\t2\n\n# judged again in May\nq2 0 a -1\n');

describe('reading', () => {
  it('judgements: tabs or spaces, comments, negative grades as 0', () => {
    expect(qrels.get('q1')).toEqual(
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    );
    expect(qrels.get('q2')).toEqual(new Map([['a', 0]]));
  });

  it('runs: the score counts, not the rank', () => {
    const run = parseRun('q1 Q0 a 1 0.5 x\r\nq1 Q0 b 2 1e1 x\r\n');
    expect(run.get('q1')).toEqual([
      { document: 'a', score: 0.5 },
      { document: 'b', score: 10 },
    ]);
  });

  it.each([
    ['q1 0 a', 'qrels:2'],
    ['q1 0 a 1 extra', 'qrels:2'],
    ['q1 0 a high', 'qrels:2'],
    ['q1 0 a 1.5', 'qrels:2'],
    ['q1 0 z 1', 'twice'],
  ])('refuses the judgement "%s"', (line, message) => {
    const read = () => parseQrels(`q1 0 z 0\n${line}\n`);
    expect(read).toThrow(InputError);
    expect(read).toThrow(message);
  });

  it.each([
    'q1 Q0 a 1 0.5',
    'q1 Q0 a 1 high tag',
    'q1 Q0 a 1 NaN tag',
    'q1 Q0 a 1 Infinity tag',
    'q1 Q0 z 2 1 tag',
  ])('refuses the line "%s" of a run', (line) => {
    const read = () => parseRun(`q1 Q0 z 1 1 tag\n${line}\n`, 'my.run');
    expect(read).toThrow(InputError);
    expect(read).toThrow('my.run:2');
  });
});

describe('ranking', () => {
  it('equal scores: document ids descending, by bytes', () => {
    const run = parseRun('q1 Q0 a 1 1 x\nq1 Q0 b 2 1 x\n');
    expect(scoreRun(qrels, run, ['precision@1', 'ndcg@1']).measures).toEqual({
      'precision@1': 1,
      'ndcg@1': 1,
    });
    const names = ['b', 'a', 'é', 'Z', '\u{1F600}', '\uFFFD', 'ab'];
    const bytes = (x: string, y: string) => Buffer.compare(Buffer.from(x), Buffer.from(y));
    expect([...names].sort(compareBytes)).toEqual([...names].sort(bytes));
  });

  it('scores that differ beyond float32 are not equal (trec_eval 10)', () => {
    const run = parseRun('q1 Q0 b 1 1.00000001 x\nq1 Q0 c 2 1 x\n');
    expect(scoreRun(qrels, run, ['mrr']).measures).toEqual({ mrr: 1 });
  });
});

describe('measures', () => {
  const run = parseRun('q1 Q0 c 1 3 x\nq1 Q0 a 2 2 x\nq9 Q0 a 1 1 x\n');

  it('only queries in both files count', () => {
    expect(scoreRun(qrels, run, ['mrr', 'mrr@1', 'recall@2', 'precision@5'])).toEqual({
      measures: { mrr: 0.5, 'mrr@1': 0, 'recall@2': 0.5, 'precision@5': 0.2 },
      queries: { q1: { mrr: 0.5, 'mrr@1': 0, 'recall@2': 0.5, 'precision@5': 0.2 } },
    });
    expect(() => scoreRun(qrels, parseRun('q9 Q0 a 1 1 x'), ['mrr'])).toThrow(InputError);
  });

  it.each(['ndcgg@10', 'map@10', 'recall', 'recall@0', 'recall@ten', 'toString', ''])(
    'refuses "%s"',
    (name) => {
      expect(() => scoreRun(qrels, run, [name])).toThrow(InputError);
    },
  );

  it('a query without relevant documents has none', () => {
    expect(ndcg([0, 0], [0, 0], 10)).toBeUndefined();
    expect(precisionAt([0, 0], [0, 0], 10)).toBeUndefined();
  });
});
