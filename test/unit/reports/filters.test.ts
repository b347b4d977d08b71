import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import type { Measures, TrialRow } from '../../../harness/model/results.js';
import { renderHtml } from '../../../reports/html/html.js';
import { buildReport } from '../../../reports/model.js';
import { renderTerminal } from '../../../reports/terminal.js';
import { fixture, HOSTILE } from './fixture.js';

const count = (value: number, n: number) => ({ value, low: null, high: null, n });
const share = (value: number, n = 50) => ({
  value,
  low: Math.max(0, value - 0.02),
  high: Math.min(1, value + 0.02),
  n,
});

/** Two contenders with rows for groups and bands; `change` spoils them. */
function filtered(change: (rows: TrialRow[]) => void = () => undefined) {
  const input = fixture({ series: ['usearch hnsw-sq8', 'lancedb flat'] });
  const rows = input.results.trials.flatMap((row): TrialRow[] => {
    const group = (name: string, measures: Measures): TrialRow => ({
      ...row,
      group: name,
      measures: { 'latency.p95': share(0.9), ...measures },
    });
    const counts = { 'filter.violations': count(0, 480), 'filter.underfill': count(12, 48) };
    const tenant = { 'recall.ties@10': share(0.5), ...counts, leaks: count(0, 200) };
    row.measures = { ...row.measures, ...counts, leaks: count(0, 200) };
    return [
      row,
      group('tenant', tenant),
      group('negative', { 'filter.violations': count(0, 0), 'filter.wrongFilled': count(0, 40) }),
      group('selectivity none', { 'filter.wrongFilled': count(0, 40) }),
      group('selectivity<=1%', tenant),
      group('selectivity>50%', { 'recall.ties@10': share(1), 'filter.underfill': count(0, 48) }),
    ];
  });
  change(rows);
  return buildReport({ ...input, results: { ...input.results, trials: rows } });
}

const sectionOf = (report: ReturnType<typeof filtered>) =>
  parseHTML(renderHtml(report)).document.querySelector('#filters')!;
const textsOf = (nodes: Iterable<{ textContent: string | null }>) =>
  [...nodes].map((node) => node.textContent!.trim());

describe('the section of filters', () => {
  it('is not there where no query had a filter', () => {
    const { document } = parseHTML(renderHtml(buildReport(fixture())));
    expect(document.querySelector('#filters')).toBeNull();
    expect(document.querySelector('nav a[href="#filters"]')).toBeNull();
  });

  it('charts recall, latency and under-fill by band, under-fill as a share of the answers', () => {
    const section = sectionOf(filtered());
    const charts = [...section.querySelectorAll('figure.chart')];
    expect(charts.map(({ id }) => id)).toEqual([
      'chart-selectivity-recall',
      'chart-selectivity-p95',
      'chart-selectivity-underfill',
    ]);
    for (const each of charts) {
      const ticks = each.querySelector('svg.wide')!.textContent!;
      for (const band of ['≤ 0.1%', '≤ 1%', '≤ 10%', '≤ 50%', '> 50%']) expect(ticks).toContain(band);
    }
    const rows = [...charts[2]!.querySelectorAll('tbody tr')].map((row) =>
      textsOf(row.querySelectorAll('td')).slice(1, 3),
    );
    expect(rows).toContainEqual(['≤ 1%', '12 of 48']);
    expect(rows).toContainEqual(['> 50%', '0 of 48']);
    // 25% stands where the axis has its tick of 25%, whatever the scale is.
    expect(charts[2]!.querySelector('svg.wide')!.textContent).toContain('25%');
  });

  it('gives every contender its own place in a band, so that equal figures do not hide each other', () => {
    const chart = sectionOf(filtered()).querySelector('#chart-selectivity-recall svg.wide')!;
    const places = [...chart.querySelectorAll('a')].map(
      (link) => /(?:translate\(|cx=")([\d.]+)/.exec(link.innerHTML)?.[1],
    );
    expect(places.length).toBeGreaterThanOrEqual(4);
    // Two contenders in two bands; several settings of one contender stand above each other.
    expect(new Set(places).size).toBe(4);
    expect(places).not.toContain(undefined);
  });

  it('lists groups with the contenders beside each other, bands left to the charts', () => {
    const groups = [...sectionOf(filtered()).querySelectorAll(':scope > .scroll tbody tr')].map(
      (row) => textsOf(row.querySelectorAll('td'))[0],
    );
    expect(groups).toEqual(['tenant', 'tenant', 'negative', 'negative']);
  });

  it('says how many violations and leaks in how many rows, and whose', () => {
    const clean = textsOf(sectionOf(filtered()).querySelectorAll('p.lead'));
    const trials = filtered().results.trials.filter(({ group }) => group === 'all').length;
    expect(clean).toEqual([
      `0 violations in ${(480 * trials).toLocaleString('en').replace(',', '\u202f')} rows checked against their filter.`,
      `0 leaks in ${(200 * trials).toLocaleString('en').replace(',', '\u202f')} rows returned to queries of a tenant.`,
    ]);
    const leaking = filtered((rows) => {
      const row = rows.find(({ engine, group }) => engine === 'lancedb' && group === 'all')!;
      row.measures = { ...row.measures, leaks: count(3, 200) };
    });
    const bad = textsOf(sectionOf(leaking).querySelectorAll('p.lead.bad'));
    expect(bad).toHaveLength(1);
    expect(bad[0]).toMatch(/^3 leaks in .* \(lancedb flat\)\.$/);
    expect(renderTerminal(leaking, { width: 100, color: false, reportPath: 'r' })).toContain('3 leaks in');
  });

  it('says that recall is undefined where no point passes, and throughput the run’s, not that nothing was answered', () => {
    const { document } = parseHTML(renderHtml(filtered()));
    const titles = (row: Element) =>
      [...row.querySelectorAll('.absent')].map((cell) => cell.getAttribute('title'));
    const rows = [...document.querySelectorAll('tr')].filter((row) => row.textContent!.includes('negative'));
    expect(rows.length).toBeGreaterThan(2);
    const told = rows.flatMap(titles);
    expect(told).toContain('undefined: no point passes the filters, so there is no neighbour to find');
    expect(told).toContain('queries of all groups are sent together: see the row for all queries');
    for (const title of told) expect(title).not.toMatch(/^no query (with known neighbours )?was answered$/);
  });

  it('marks a count that ought to be 0 and is not', () => {
    const cells = [...sectionOf(filtered()).querySelectorAll('td.bad')].map((node) => node.textContent);
    expect(new Set(cells)).toEqual(new Set(['12 of 48']));
  });

  it('shows a refused group with its reason, and names an engine that was not measured once', () => {
    const section = sectionOf(
      filtered((rows) => {
        for (const row of rows) {
          const gone = row.engine === 'lancedb';
          if (gone) Object.assign(row, { state: 'skipped', reason: 'no server', measures: {} });
          else if (row.group === 'tenant')
            Object.assign(row, { state: 'skipped', reason: `$like ${HOSTILE.html}`, measures: {} });
        }
      }),
    );
    expect(section.querySelector('td.reason')!.textContent).toBe(`skipped: $like ${HOSTILE.html}`);
    expect(section.querySelectorAll('img, script').length).toBe(0);
    expect(section.textContent).toContain('Not measured at all: lancedb flat');
    expect(section.textContent).not.toContain('no server');
  });
});

describe('relevance beside recall', () => {
  const judged = () =>
    filtered((rows) => {
      for (const row of rows.filter(({ group }) => group === 'all')) {
        row.measures = {
          ...row.measures,
          'ndcg@10': share(0.3),
          'ndcg.exp@10': share(0.28),
          mrr: share(0.5),
          map: share(0.1),
          'precision@10': share(0.2),
          'success@10': share(0.8),
        };
      }
    });

  it('stands in one table with recall, and as nDCG and MRR against recall', () => {
    const section = sectionOf(judged());
    expect(section.querySelector('h2')!.textContent).toBe('Filters and relevance');
    for (const name of ['ndcg-10', 'mrr']) {
      const chart = section.querySelector(`#chart-relevance-${name}`)!;
      expect(chart.querySelectorAll('svg.plot').length).toBe(2);
      // All its marks are joined: there is no front, and no column that says who is on it.
      expect(textsOf(chart.querySelectorAll('th[scope=col]'))).not.toContain('On its front');
    }
    const heads = textsOf(section.querySelectorAll('.scroll.tall:last-of-type thead th'));
    expect(heads.join('|')).toMatch(
      /Contender\|Setting\|Recall@10.*nDCG@10 linear gain\|nDCG@10 exp\. gain\|MRR\|MAP/,
    );
  });
});
