import { describe, expect, test } from 'vitest';
import { underLoad } from '../../../harness/derive/under-load.js';
import type { Column } from '../../../harness/measures/by-query.js';
import type { TrialRow } from '../../../harness/model/results.js';
import { row } from '../gate/rows.js';

const QUERIES = 500;
const columnOf = (recall: (query: number) => number): Column => ({
  queries: Int32Array.from({ length: QUERIES }, (_, i) => i),
  values: Float64Array.from({ length: QUERIES }, (_, i) => recall(i)),
});

function lossOf(
  serial: (query: number) => number,
  loaded: (query: number) => number,
  load: Partial<TrialRow> = {},
) {
  const rows: TrialRow[] = [
    row('serial', {}),
    { ...row('load', {}), workload: 'constant-clients', workloadOptions: { clients: 8 }, ...load },
  ];
  const columns = new Map([
    ['serial', new Map([['recall.ties@10', columnOf(serial)]])],
    ['load', new Map([['recall.ties@10', columnOf(loaded)]])],
  ]);
  const [, found] = underLoad(rows, columns, undefined);
  return { loss: found!.measures['load.recallLoss'], flags: found!.flags };
}

describe('recall under load', () => {
  test('that is lower than with one client is flagged, with how much', () => {
    const { loss, flags } = lossOf(
      () => 1,
      (query) => (query % 10 === 0 ? 0.5 : 1),
    );
    expect(loss!.value).toBeCloseTo(0.05, 12);
    expect(loss!.low).toBeGreaterThan(0);
    expect(loss!.n).toBe(QUERIES);
    expect(flags).toContain('worse-under-load');
  });

  test('that is the same, or differs by what chance explains, is not', () => {
    expect(
      lossOf(
        () => 0.97,
        () => 0.97,
      ),
    ).toMatchObject({ loss: { value: 0 }, flags: [] });
    const chance = lossOf(
      (query) => (query % 7 === 0 ? 0.9 : 1),
      (query) => (query % 7 === 3 ? 0.9 : 1),
    );
    expect(chance.loss!.low).toBeLessThan(0);
    expect(chance.flags).toEqual([]);
  });

  test('is compared with the same setting of the same build alone', () => {
    const worse = () => 0.5;
    expect(lossOf(() => 1, worse, { search: { ef: 7 } }).loss).toBeUndefined();
    expect(lossOf(() => 1, worse, { build: 'other' }).loss).toBeUndefined();
    expect(lossOf(() => 1, worse, { state: 'failed' }).loss).toBeUndefined();
  });
});
