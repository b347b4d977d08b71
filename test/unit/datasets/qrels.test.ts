import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseQrels, readQrels } from '../../../datasets/formats/qrels.js';
import { expectInputError, temporaryFolder } from './support.js';

const wanted = [
  [
    'q1',
    [
      ['d1', 2],
      ['d2', 0],
    ],
  ],
  ['q2', [['d1', 1]]],
];
const plain = (qrels: ReadonlyMap<string, ReadonlyMap<string, number>>) =>
  [...qrels].map(([query, grades]) => [query, [...grades]]);

describe('judgements in the layouts that are in use', () => {
  it.each([
    ['TREC', 'q1 0 d1 2\nq1 0 d2 -1\nq2 0 d1 1\n'],
    ['TREC with grades as floats', 'q1 0 d1 2.0\nq1 0 d2 0.\nq2 0 d1 1e0\n'],
    ['TREC with a comment and blank lines', '# May\n\nq1\t0\td1\t2\r\nq1\t0\td2\t0\r\n\r\nq2\t0\td1\t+1\n'],
    ['BEIR', 'query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td1\t1\n'],
    ['BEIR in another order', '\uFEFFcorpus-id\tscore\tquery-id\nd1\t2\tq1\nd2\t0\tq1\nd1\t1\tq2\n'],
    ['CSV', 'qid,docno,label\nq1,d1,2\nq1,d2,0\nq2,d1,1\n'],
    ['TREC with a heading', 'query_id iter doc_id relevance\nq1 0 d1 2\nq1 0 d2 0\nq2 0 d1 1\n'],
    [
      'MTEB',
      '{"query-id":"q1","corpus-id":"d1","score":2.0}\n{"query-id":"q1","corpus-id":"d2","score":0}\n{"query-id":"q2","corpus-id":"d1","score":1}\n',
    ],
  ])('%s', (_, text) => {
    expect(plain(parseQrels(text))).toEqual(wanted);
  });

  it('packed with gzip, whatever the name', async () => {
    for (const name of ['qrels.tsv.gz', 'qrels.tsv']) {
      const path = join(temporaryFolder(), name);
      writeFileSync(path, gzipSync('q1 0 d1 2\nq1 0 d2 0\nq2 0 d1 1\n'));
      expect(plain(await readQrels(path))).toEqual(wanted);
    }
  });

  it('cells in quotes, as pandas and BEIR write ids that hold a separator', () => {
    const text = '"query-id","corpus-id","score"\n"q1","d,""1""","2"\nq1,1.0,1\nq1,1,1\n';
    const grades = [
      ['d,"1"', 2],
      ['1.0', 1],
      ['1', 1],
    ];
    expect(plain(parseQrels(text))).toEqual([['q1', grades]]);
  });

  it('integers beyond 2^53 in JSON Lines stay exact', () => {
    const text = '{"query-id":9007199254740993,"corpus-id":18446744073709551615,"score":1}\n';
    expect(plain(parseQrels(text))).toEqual([['9007199254740993', [['18446744073709551615', 1]]]]);
  });

  it('document ids with spaces stay whole where tabs separate', () => {
    expect(plain(parseQrels('query-id\tcorpus-id\tscore\nq 1\td 1\t1\n'))).toEqual([['q 1', [['d 1', 1]]]]);
  });

  it.each([
    ['q1 0 d1 0.5', ':1'],
    ['q1 d1 1', ':1'],
    ['query-id\tcorpus-id\tscore\nq1\td1\t', ':2'],
    ['query-id\tcorpus-id\tscore\nq1\t0\td1\t1', ':2'],
    ['{"query-id":"q1","score":1}', ':1'],
  ])('%j is refused with its line', async (text, line) => {
    const path = join(temporaryFolder(), 'qrels.tsv');
    writeFileSync(path, text);
    await expectInputError(readQrels(path), `qrels.tsv${line}`, 'is not a judgement');
  });
});
