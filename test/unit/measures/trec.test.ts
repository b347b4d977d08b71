import { describe, expect, it } from 'vitest';
import { InputError } from '../../../common/errors.js';
import { parseQrels } from '../../../datasets/formats/qrels.js';
import { ndcg, precisionAt } from '../../../harness/measures/relevance.js';
import { compareBytes, parseRun, scoreRun } from '../../../harness/measures/trec.js';

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

/** Figures of trec_eval 9 through pytrec-eval-terrier 0.5.11. */
describe("trec_eval's options", () => {
  const judged = parseQrels('q1 0 a 3\nq1 0 b 1\nq2 0 c 2\nq2 0 d 1\nq3 0 e 2\nq4 0 f 3\n');
  const run = parseRun('q1 Q0 b 1 9 t\nq1 Q0 a 2 8 t\nq2 Q0 d 1 7 t\nq2 Q0 x 2 6 t\nq2 Q0 c 3 5 t\n');
  const names = ['ndcg_cut_10', 'recip_rank', 'map'];
  const rounded = (options?: Parameters<typeof scoreRun>[3]) =>
    Object.values(scoreRun(judged, run, names, options).measures).map((value) => Number(value.toFixed(4)));

  it('are none by default', () => expect(rounded()).toEqual([0.7784, 1, 0.9167]));
  it('-c counts judged queries that the run lacks as 0', () =>
    expect(rounded({ complete: true })).toEqual([0.3892, 0.5, 0.4583]));
  it('-l raises the grade that is relevant, and leaves nDCG', () =>
    expect(rounded({ level: 2 })).toEqual([0.7784, 0.4167, 0.4167]));

  it("leaves out a query's own document as BEIR does", () => {
    const own = parseRun('a Q0 a 1 9 t\na Q0 b 2 8 t\n');
    const grades = parseQrels('a 0 b 1\n');
    expect(scoreRun(grades, own, ['ndcg@10', 'mrr']).measures['mrr']).toBe(0.5);
    expect(scoreRun(grades, own, ['ndcg@10', 'mrr'], { excludeSelf: true }).measures).toEqual({
      'ndcg@10': 1,
      mrr: 1,
    });
  });
});
