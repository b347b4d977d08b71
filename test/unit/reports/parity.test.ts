import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { resultsSchema } from '../../../harness/model/results.js';
import { renderCsv } from '../../../reports/csv.js';
import { renderHtml } from '../../../reports/html/html.js';
import { buildReport } from '../../../reports/model.js';
import { lostParts, paritySentence } from '../../../reports/parity.js';
import { renderTerminal } from '../../../reports/terminal.js';
import { parityFixture } from './parity-fixture.js';

const input = parityFixture();
const [moved, gone] = input.results.parity!;
const model = buildReport(input);
const { document } = parseHTML(renderHtml(model));

describe('a parity in words', () => {
  it('says how much is kept and what the rest is; the points add up', () => {
    expect(paritySentence(moved!)).toMatch(
      /^lancedb \S+ returns 97\.8% of the first 10 hits of usearch hnsw; 1\.9 points are approximate search of the candidate, 0\.2 points are approximate search of the reference, 0\.1 points are other vectors, precision or metric\. Ties \(12 hits\) do not count\.$/,
    );
    const parts = lostParts(moved!.rows[0]!);
    expect(parts.reduce((sum, { count }) => sum + count, 0)).toBe(440);
  });

  it('never rounds up to all, and says why nothing was compared', () => {
    const row = moved!.rows[0]!;
    const kept = { value: 0.99998, low: null, high: null, n: 1 };
    const near = { ...moved!, rows: [{ ...row, measures: { ...row.measures, 'parity.kept': kept } }] };
    expect(paritySentence(near)).toMatch(/returns 99\.998\d*% of/);
    expect(paritySentence(gone!)).toContain('could not be compared with usearch hnsw: failed:');
  });
});

describe('the section on parity', () => {
  const section = document.querySelector('#parity')!;

  it('begins with the sentence and has a row for each group, with the noise floor below', () => {
    expect(section.querySelector('.lead')!.textContent).toContain('97.8%');
    const heads = [...section.querySelector('table')!.querySelectorAll('tbody th')].map(
      (cell) => cell.textContent!.split(' ')[0],
    );
    expect(heads).toEqual(['All', 'Noise', '"><script>window.__hacked']);
    expect(section.querySelectorAll('tr.noise')).toHaveLength(1);
    expect(section.querySelector('.empty')!.textContent).toContain('failed');
  });

  it('has one table of the causes by group, and draws the parts where there are no groups', () => {
    const table = section.querySelectorAll('table')[1]!;
    const texts = (cells: Iterable<Element>) => [...cells].map((cell) => cell.textContent!.trim());
    expect(texts(table.querySelectorAll('thead th'))).toEqual([
      'Why hits were lost',
      'Hits of the reference',
      'Lost',
      'approximate search of the candidate',
      'approximate search of the reference',
      'other vectors, precision or metric',
      'rows that no search finds',
      'unexplained',
      'Ties no loss',
    ]);
    // The share stands behind the count.
    const counts = (row: Element) =>
      [...row.querySelectorAll('td')].map((cell) => cell.firstChild!.textContent!);
    const rows = [...table.querySelectorAll('tbody tr')].map(counts);
    const numbers = (row: readonly string[]) =>
      row.map((text) => Number.parseInt(text.replace(/\s/g, ''), 10));
    for (const row of rows) {
      const [, lost, ...parts] = numbers(row);
      expect(parts.slice(0, -1).reduce((sum, part) => sum + part, 0)).toBe(lost);
    }
    expect(section.querySelectorAll('table.narrow')).toHaveLength(0);
    const alone = { ...moved!, rows: moved!.rows.slice(0, 1) };
    const single = buildReport({ ...input, results: { ...input.results, parity: [alone] } });
    const bars = parseHTML(renderHtml(single)).document.querySelectorAll('#parity table.narrow rect');
    expect(bars).toHaveLength(3);
  });

  it('draws each comparison and its floor, escapes what comes from data, and uses no id twice', () => {
    expect(section.querySelectorAll('#chart-parity svg')).toHaveLength(2);
    expect(section.querySelectorAll('#chart-parity svg.wide circle')).toHaveLength(2);
    expect(section.querySelectorAll('#chart-parity svg.wide path')).toHaveLength(1);
    expect(document.querySelectorAll('main script')).toHaveLength(0);
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
  });
});

describe('the history', () => {
  it('marks the night on which the level changed, in the settings where it did', () => {
    const changed = model.trend!.lines.filter(({ changes }) => changes.length > 0);
    expect(model.trend!.runs).toHaveLength(31);
    expect(changed.length).toBeGreaterThan(0);
    for (const { changes, measure } of changed) {
      expect(measure).toBe('recall');
      expect(changes.map(({ at }) => model.trend!.runs[at]!.run)).toEqual(['night-18']);
    }
    const marks = document.querySelectorAll('#chart-trend-recall svg.wide .change');
    expect(marks).toHaveLength(changed.length);
    expect(document.querySelectorAll('#history tbody tr')).toHaveLength(changed.length);
  });

  it('is not there for a first run', () => {
    const first = buildReport({ ...input, history: [] });
    expect(first.trend).toBeUndefined();
    expect(parseHTML(renderHtml(first)).document.querySelector('#history')).toBeNull();
  });
});

describe('other outputs', () => {
  it('results.json has it, the CSV a row for each group', () => {
    expect(resultsSchema.parse(input.results).parity).toHaveLength(2);
    const lines = renderCsv(input.results).trimEnd().split('\n');
    expect(lines[0]!.split(',')).toEqual(expect.arrayContaining(['parity', 'overlap@10', 'overlap@10.low']));
    expect(lines.filter((line) => line.includes(',move,'))).toHaveLength(2);
  });

  it('the terminal has its sentence within 20 lines', () => {
    const lines = renderTerminal(model, { color: false, width: 100, reportPath: 'r' }).split('\n');
    expect(lines.length).toBeLessThanOrEqual(20);
    expect(lines.find((line) => line.startsWith('move: '))).toContain('97.8%');
  });
});
