import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { NO_ROW, type Samples, type Truth, UNKNOWN_KEY } from '../../../harness/model/samples.js';
import { runFolder, samplesFile } from '../../../harness/store/run-folder.js';
import { emptySamples, readSamples, writeSamples } from '../../../harness/store/samples.js';
import { withWritten } from '../../../migration/parity/live.js';
import { meanwhileOf, setAside, touchedQueries } from '../../../migration/parity/meanwhile.js';

const K = 2;
const truth = (...rows: number[][]): Truth => ({
  count: rows.length,
  depth: K,
  rows: Int32Array.from(rows.flat()),
  distances: new Float64Array(rows.length * K),
});
/** One answer to each query. */
function answers(...rows: number[][]): Samples {
  const samples = emptySamples(rows.length, K);
  for (const [i, row] of rows.entries()) {
    samples.query[i] = i;
    samples.returned[i] = row.filter((each) => each !== NO_ROW).length;
    samples.rows.set(row, i * K);
  }
  return samples;
}

describe('queries whose rows are written while they are asked', () => {
  test('are those with such a row in the truth or in an answer', () => {
    const right = truth([0, 1], [2, 3], [4, 5], [6, NO_ROW]);
    const source = answers([0, 1], [2, 3], [4, 9], [6, NO_ROW]);
    const target = answers([0, 1], [2, 8], [4, 5], [6, NO_ROW]);
    const touched = (...rows: number[]) => [
      ...touchedQueries(right, K, [source, target], { rows: new Set(rows), isUnknownNew: false }),
    ];
    expect(touched(1), 'a right answer').toEqual([0]);
    expect(touched(8), 'an answer of one side').toEqual([1]);
    expect(touched(9), 'and of the other').toEqual([2]);
    expect(touched(7), 'a row that is nowhere').toEqual([]);
    expect(touched(NO_ROW), 'what fills a list is no row').toEqual([]);
  });

  test('an unknown id in an answer is new only if all unknown ids were written', () => {
    const right = truth([0, 1], [2, 3]);
    const given = [answers([0, UNKNOWN_KEY], [2, 3])];
    const side = (...ids: string[]) => ({ strange: new Set(ids) });
    const idOf = (id: unknown) => `t-${id}`;
    const of = (source: string[], target: string[]) => {
      const sides = { source: side(...source), target: side(...target) };
      return touchedQueries(
        right,
        K,
        given,
        meanwhileOf(new Set(['new', 'r3']), ['r0', 'r1', 'r2', 'r3'], sides, idOf),
      );
    };
    expect([...of(['new'], ['t-new'])]).toEqual([1, 0]);
    expect([...of([], ['t-new', 't-stranger'])], 'a stranger counts against the target').toEqual([1]);
  });

  test('are put aside, of all trials alike, and the others stay', async () => {
    const folder = runFolder(mkdtempSync(join(tmpdir(), 'vecproof-meanwhile-')));
    afterAll(() => rmSync(folder.path, { recursive: true, force: true }));
    mkdirSync(folder.samples);
    writeSamples(samplesFile(folder, 'a'), answers([0, 1], [2, 3]));
    writeSamples(samplesFile(folder, 'b'), answers([0, 9], [2, 3]));
    const found = await setAside(folder, ['a', 'b', 'not-measured'], truth([0, 1], [2, 3]), K, {
      rows: new Set([9]),
      isUnknownNew: false,
    });
    expect([...found]).toEqual([0]);
    for (const trial of ['a', 'b']) {
      expect([...(await readSamples(samplesFile(folder, trial), K)).query]).toEqual([1]);
      expect([...(await readSamples(join(folder.samples, 'apart', `${trial}.parquet`), K)).query]).toEqual([
        0,
      ]);
    }
  });

  test('are told with those that the target could not answer yet', () => {
    const live = {
      queries: { sha256: '', all: 5, compared: 3 },
      apart: [
        { query: 'late', group: 'all', missing: ['s:new'] },
        { query: 'lacking', group: 'all', missing: ['s:new', 's:old'] },
      ],
      warnings: [],
    } as unknown as Parameters<typeof withWritten>[0];
    const told = withWritten(live, new Set(['s:new']), [{ query: 'q', group: 'g' }]);
    expect(told.apart.map(({ query }) => query)).toEqual(['lacking']);
    expect(told.written).toEqual([
      { query: 'late', group: 'all' },
      { query: 'q', group: 'g' },
    ]);
    expect(told.queries.compared).toBe(2);
    expect(told.warnings).toEqual([
      '2 of 5 queries are not judged: rows of their answers were written while they were asked',
    ]);
  });
});
