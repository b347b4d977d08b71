import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { buildReport } from '../../../reports/model.js';
import { renderTerminal } from '../../../reports/terminal.js';
import { fixture } from './fixture.js';
import { expectGolden } from './golden.js';
import { many } from './many.js';

const options = { color: false, width: 100, reportPath: '.runs/x/report.html' };

describe('the terminal summary', () => {
  it('equals the golden file', () => {
    expectGolden('terminal.txt', renderTerminal(buildReport(fixture()), options));
  });

  it('equals the golden file for a run with failures and hostile names', () => {
    expectGolden('terminal-troubled.txt', renderTerminal(buildReport(fixture({ troubled: true })), options));
  });

  it.each([40, 60, 80, 100, 200])('takes at most 20 lines of %i columns, whatever the run', (width) => {
    for (const troubled of [false, true]) {
      const input = fixture({ troubled });
      // As many contenders as trials, each with a failure beside it.
      input.results.trials.forEach((trial, i) => {
        trial.series = `${trial.series} ${i}`;
        if (troubled && i % 2 === 0)
          Object.assign(trial, { state: 'failed', error: `reason ${i}`, measures: {} });
      });
      const lines = renderTerminal(buildReport(input), { ...options, width }).split('\n');
      expect(lines.length).toBeLessThanOrEqual(20);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
    }
  });

  it.each([80, 100, 120, 200])('keeps twenty contenders with long names apart, in %i columns', (width) => {
    const input = many(20);
    // Only these reach the target, so that they stand in the rows there is room for.
    for (const { series, measures } of input.results.trials) {
      if (!/tuned|binary|ivf/.test(series)) delete measures['recall.ties@10'];
    }
    const lines = renderTerminal(buildReport(input), { ...options, width }).split('\n');
    const from = lines.findIndex((line) => line.startsWith('recall ≥')) + 1;
    const rows = lines.slice(from, from + 6).filter((line) => !/^(Not ranked|…|†)/.test(line));
    const names = rows.map((line) => line.split(/ {2,}/)[0]!);
    expect(names.length).toBeGreaterThan(3);
    expect(new Set(names).size).toBe(names.length);
    if (width >= 120) expect(names).toContain('pgvector hnsw-binary (server)');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
  });

  it('does not divide a number between two lines', () => {
    for (let width = 60; width < 120; width++) {
      const text = renderTerminal(buildReport(fixture()), { ...options, width });
      expect(text).not.toMatch(/ \d\n\d{3}[ .;,]/);
    }
  });

  it('shows that a sentence goes on where it is cut', () => {
    const lines = renderTerminal(buildReport(fixture({ troubled: true })), { ...options, width: 40 }).split(
      '\n',
    );
    expect(lines[3]).toMatch(/…$/);
  });

  it('says where the report is, in the last line and in full', () => {
    const lines = renderTerminal(buildReport(fixture()), { ...options, width: 40 }).split('\n');
    expect(lines.at(-1)).toBe('Report: .runs/x/report.html');
  });

  it('marks what cannot be told from the best of a column', () => {
    const input = fixture();
    for (const { measures } of input.results.trials) {
      if (measures['throughput'] !== undefined) Object.assign(measures['throughput'], { low: 1, high: 1e6 });
    }
    expect(renderTerminal(buildReport(input), options)).toMatch(/usearch hnsw +≈\d/);
  });

  it('lets no control character of a name or message through', () => {
    const text = renderTerminal(buildReport(fixture({ troubled: true })), { ...options, width: 400 });
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(text).toContain('second line');
  });

  it('has colour only when asked to, and says the same without it', () => {
    const model = buildReport(fixture({ troubled: true }));
    const coloured = renderTerminal(model, { ...options, color: true });
    expect(coloured).toContain('\u001b[');
    expect(stripVTControlCharacters(coloured)).toBe(renderTerminal(model, options));
  });

  it('reports a run without a single figure', () => {
    const input = fixture({ series: ['lancedb flat'] });
    for (const trial of input.results.trials)
      Object.assign(trial, { state: 'failed', error: 'no disk space', measures: {} });
    const text = renderTerminal(buildReport(input), options);
    expect(text).toContain('Nothing was measured: no trial on debian-packages-20k completed.');
    expect(text).toContain('lancedb flat failed: no disk space');
  });
});
