import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../common/paths.js';
import { csvLines } from '../../../reports/csv.js';
import { trialAnchor } from '../../../reports/html/cells.js';
import { renderHtml } from '../../../reports/html/html.js';
import { buildReport } from '../../../reports/model.js';
import { type FixtureOptions, fixture, HOSTILE } from './fixture.js';
import { expectGolden } from './golden.js';

const html = (options: FixtureOptions = {}): string => renderHtml(buildReport(fixture(options)));
const parsed = (text: string) => parseHTML(text).document;

describe('the HTML report', () => {
  const text = html();
  const document = parsed(text);

  it('answers first: sentence, choice, frontier, cost, trials, problems, method', () => {
    expect([...document.querySelectorAll('main > section')].map(({ id }) => id)).toEqual([
      'answer',
      'choice',
      'frontier',
      'cost',
      'trials',
      'problems',
      'method',
    ]);
    expect(document.querySelector('h1')!.textContent).toBe('quickstart on debian-packages-20k');
  });

  it('has sentence and table of every target in the page, that of the default chosen', () => {
    for (const key of ['90', '95', '99', 'best']) {
      expect(document.querySelectorAll(`.answer.t-${key}, .choice.t-${key}`).length).toBe(2);
    }
    expect(document.querySelector('input[checked]')!.id).toBe('t-95');
  });

  it('has every trial once, under an anchor that links from charts and tables reach', () => {
    const rows = [...document.querySelectorAll('#all tbody tr')].map(({ id }) => id);
    expect(rows).toEqual(fixture().results.trials.map(({ id }) => trialAnchor(id)));
    const ids = new Set([...document.querySelectorAll('[id]')].map(({ id }) => id));
    for (const link of document.querySelectorAll('a[href^="#"]')) {
      expect(ids).toContain(link.getAttribute('href')!.slice(1));
    }
  });

  it('uses no id twice', () => {
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
  });

  it('asks for nothing from the network and lets nothing but its own script run', () => {
    const policy = document
      .querySelector('meta[http-equiv="Content-Security-Policy"]')!
      .getAttribute('content')!;
    const script = readFileSync(join(packageRoot, 'reports/html/assets/script.js'), 'utf8');
    const hash = createHash('sha256').update(script).digest('base64');
    expect(policy).toContain(`default-src 'none'`);
    expect(policy).toContain(`script-src 'sha256-${hash}'`);
    const addresses = [...document.querySelectorAll('[src], [href]')].map(
      (node) => node.getAttribute('src') ?? node.getAttribute('href')!,
    );
    expect(addresses.filter((address) => !/^(#|data:,$)/.test(address))).toEqual([]);
    for (const sheet of ['reports/assets/base.css', 'reports/html/assets/style.css'])
      expect(readFileSync(join(packageRoot, sheet), 'utf8')).not.toMatch(/url\(|@import/);
  });

  it('has a script of at most 10 KB', () => {
    const script = readFileSync(join(packageRoot, 'reports/html/assets/script.js'));
    expect(script.byteLength).toBeLessThanOrEqual(10 * 1024);
  });

  it('stays under 1 MB for 80 trials', () => {
    expect(document.querySelectorAll('#all tbody tr').length).toBeGreaterThanOrEqual(80);
    expect(Buffer.byteLength(text)).toBeLessThan(1_000_000);
  });

  it('defines every measure it has figures for', () => {
    const names = new Set(
      [...document.querySelectorAll('.definitions code')].map((node) => node.textContent),
    );
    const measured = new Set(fixture().results.trials.flatMap(({ measures }) => Object.keys(measures)));
    expect(names).toEqual(measured);
    expect(document.querySelector('.definitions')!.textContent).not.toContain('No definition');
  });

  it('gives hashes, versions, machine, suite and the command that repeats the run', () => {
    const method = document.querySelector('#method')!.textContent!;
    for (const fact of [
      '90322b2b35d5d9488e442f8d3c391d3ce88b2b4376e2f13c1002f90755f155f9',
      '74f7298b03986602fc4ccd2189c612b7ab57246d06c6fdf239e2cba559075214',
      'usearch 2.25.3 + float64',
      '@lancedb/lancedb',
      'Example CPU @ 2.50GHz',
      'npx vecproof run suites/quickstart.yaml',
      'dataset: debian-packages-20k',
      'seeded with 42',
    ]) {
      expect(method).toContain(fact);
    }
  });

  it('carries the rows of the CSV file in the order of the table', () => {
    const data = JSON.parse(document.querySelector('#data')!.textContent!) as {
      header: string;
      rows: string[];
    };
    const { header, rows } = csvLines(fixture().results);
    expect(data).toEqual({ header, rows: rows.map(({ line }) => line) });
  });

  it('is the same every time', () => {
    expect(html()).toBe(text);
  });

  it('equals the golden file, style and script aside', () => {
    const small = html({ series: ['usearch hnsw-sq8', 'lancedb flat'] })
      .replace(/<style>[\s\S]*?<\/style>/, '<style></style>')
      .replace(/<script>[\s\S]*?<\/script>/, '<script></script>')
      .replace(/sha256-[^']*/, 'sha256-');
    expectGolden('report.html', small);
  });
});

describe('unmeasured figures', () => {
  it('are a dash with a reason, never a number', () => {
    const document = parsed(html({ troubled: true }));
    const flat = document.querySelector('[id^="trial-lancedb-flat"]')!;
    const absent = [...flat.querySelectorAll('.absent')].map((node) => node.getAttribute('title'));
    expect(absent).toEqual([
      'needs at least 100 answered queries',
      'the engine keeps nothing on disk or could not report it',
    ]);
    const failed = [...document.querySelectorAll('#all tbody tr')].find((row) =>
      row.querySelector('.state.failed'),
    )!;
    const cells = [...failed.querySelectorAll('td.num')];
    expect(cells.length).toBeGreaterThan(5);
    for (const cell of cells) expect(cell.textContent).toBe('–the trial is failed');
  });
});

describe('text from data', () => {
  const text = html({ troubled: true });

  it('stays text', () => {
    const document = parsed(text);
    expect(document.querySelectorAll('script').length).toBe(2);
    expect(document.querySelectorAll('img, iframe, object, embed, form').length).toBe(0);
    expect(
      [...document.querySelectorAll('*')].filter((node) =>
        [...node.attributes].some(({ name }) => name.startsWith('on')),
      ),
    ).toEqual([]);
    expect(text).not.toContain('<script>window');
    expect(text.match(/<\/script>/g)!.length).toBe(2);
  });

  it('is shown as it is', () => {
    const labels = [...parsed(text).querySelectorAll('#all .series')].map((node) => node.textContent!.trim());
    expect(labels).toContainEqual(expect.stringContaining(HOSTILE.html));
  });

  it('shows control characters as signs', () => {
    const messages = [...parsed(text).querySelectorAll('pre.message')].map((node) => node.textContent!);
    expect(messages.some((message) => message.includes('␛[31m'))).toBe(true);
  });

  it('makes anchors that are plain and differ', () => {
    expect(trialAnchor('a b')).toBe('trial-a_20_b');
    expect(trialAnchor('a_b')).not.toBe(trialAnchor('a b'));
    expect(trialAnchor('x', 'negative')).toBe('trial-x.negative');
    expect(trialAnchor(HOSTILE.html)).toMatch(/^[\w.-]+$/);
  });
});

describe('what went wrong', () => {
  const problems = parsed(html({ troubled: true })).querySelector('#problems')!;

  it('has each cause once, with its trials and the last log lines', () => {
    const articles = [...problems.querySelectorAll('article')];
    expect(articles.map((node) => node.querySelector('.state')!.textContent)).toEqual([
      'skipped',
      'failed',
      'aborted',
    ]);
    const [, dead] = articles;
    expect(dead!.querySelector('pre.message')!.textContent).toBe(
      'the process of the build crashed with signal SIGSEGV',
    );
    expect(dead!.querySelector('details pre')!.textContent).toContain('thread panicked at kmeans.rs:212');
    expect(dead!.querySelectorAll('.list a').length).toBe(6);
  });

  it('lists flags with their meaning, and warnings', () => {
    expect(problems.querySelector('.flags')!.textContent).toContain('duplicate-hits');
    expect(problems.querySelector('ul')!.textContent).toContain('foreign processes used 0.3 cores');
  });
});

describe('a run without a single figure', () => {
  it('still gives a page that says so', () => {
    const input = fixture({ series: ['lancedb flat'] });
    for (const trial of input.results.trials)
      Object.assign(trial, { state: 'failed', error: 'no disk space', measures: {} });
    const document = parsed(renderHtml(buildReport(input)));
    expect(document.querySelector('.answer')!.textContent).toBe(
      'Nothing was measured: no trial on debian-packages-20k completed.',
    );
    expect(document.querySelectorAll('.chart .empty').length).toBe(2);
    expect(document.querySelector('#problems')!.textContent).toContain('no disk space');
    expect(document.querySelector('#problems')!.textContent).not.toContain('Nothing: every planned');
  });
});
