import { describe, expect, it } from 'vitest';
import { csvLines, renderCsv } from '../../../reports/csv.js';
import { fixture, HOSTILE } from './fixture.js';
import { expectGolden } from './golden.js';

/** A small reader of RFC 4180, independent of the writer. */
function parse(text: string): string[][] {
  const rows: string[][] = [[]];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const sign = text[i]!;
    if (quoted && sign === '"' && text[i + 1] === '"') {
      cell += '"';
      i++;
    } else if (sign === '"') quoted = !quoted;
    else if (!quoted && (sign === ',' || sign === '\n')) {
      rows.at(-1)!.push(cell);
      cell = '';
      if (sign === '\n') rows.push([]);
    } else cell += sign;
  }
  return rows.slice(0, -1);
}

describe('CSV', () => {
  const { results } = fixture({ troubled: true });
  const [head, ...rows] = parse(renderCsv(results)) as [string[], ...string[][]];
  const at = (row: string[], name: string): string => row[head.indexOf(name)]!;

  it('has one row per trial and as many cells as columns', () => {
    expect(rows.length).toBe(results.trials.length);
    for (const row of rows) expect(row.length).toBe(head.length);
  });

  it('says by which client and how many threads a row was measured, where rows know it', () => {
    const [first, ...others] = results.trials;
    const sent = { ...first!, client: 'raw-http', clientThreads: 4 };
    const [names, own, other] = parse(renderCsv({ trials: [sent, ...others] })) as [
      string[],
      string[],
      string[],
    ];
    const cells = (of: string[]) => ['client', 'clientThreads'].map((name) => of[names.indexOf(name)]);
    expect([cells(own), cells(other)]).toEqual([
      ['raw-http', '4'],
      ['', '1'],
    ]);
    expect(head).not.toContain('client');
  });

  it('has parameters and measures with their intervals as columns', () => {
    expect(head.slice(0, 16).join(' ')).toBe(
      'id dataset build engine engineVersion origin image instructions series workload k group state reason error flags',
    );
    for (const name of [
      'index.m',
      'search.ef',
      'recall.ties@10',
      'throughput.low',
      'latency.p95.high',
      'errors.n',
    ]) {
      expect(head).toContain(name);
    }
  });

  it('keeps figures to the last digit', () => {
    results.trials.forEach((trial, i) => {
      for (const [name, { value, low, n }] of Object.entries(trial.measures)) {
        expect(Number(at(rows[i]!, name))).toBe(value);
        expect(at(rows[i]!, `${name}.low`)).toBe(low === null ? '' : String(low));
        expect(Number(at(rows[i]!, `${name}.n`))).toBe(n);
      }
    });
  });

  it('leaves what was not measured empty', () => {
    const failed = rows.find((row) => at(row, 'state') === 'failed')!;
    expect([at(failed, 'throughput'), at(failed, 'errors'), at(failed, 'recall.ties@10')]).toEqual([
      '',
      '',
      '',
    ]);
  });

  it('takes the force out of formulas, but leaves numbers alone', () => {
    const formula = rows.find((row) => at(row, 'search.note') !== '')!;
    expect(at(formula, 'search.note')).toBe(`'${HOSTILE.formula}`);
    expect(at(formula, 'reason')).toBe(`'${HOSTILE.formula}`);
    const negative = structuredClone(results);
    negative.trials[0]!.measures = { 'distance.error': { value: -0.25, low: -0.5, high: null, n: 3 } };
    expect(renderCsv(negative)).toContain(',-0.25,-0.5,,3');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])(
    'neutralises a text that begins like %j',
    (text) => {
      const changed = structuredClone(results);
      changed.trials[0]!.reason = text;
      const line = parse(renderCsv(changed))[1]!;
      expect(line[head.indexOf('reason')]).toBe(`'${text}`);
    },
  );

  it('survives quotes, commas and line breaks', () => {
    const changed = structuredClone(results);
    changed.trials[0]!.error = 'a "quoted", broken\nline';
    expect(parse(renderCsv(changed))[1]![head.indexOf('error')]).toBe('a "quoted", broken\nline');
  });

  it('offers the same rows one by one', () => {
    const { header, rows: single } = csvLines(results);
    expect(`${[header, ...single.map(({ line }) => line)].join('\n')}\n`).toBe(renderCsv(results));
  });

  it('equals the golden file', () => {
    expectGolden('results.csv', renderCsv(fixture({ series: ['usearch hnsw-sq8', 'lancedb flat'] }).results));
  });
});
