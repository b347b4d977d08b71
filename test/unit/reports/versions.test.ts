import { describe, expect, test } from 'vitest';
import type { TrialRow } from '../../../harness/model/results.js';
import { richText } from '../../../reports/model/answer.js';
import { aboutRow, aboutRows, olderVersions } from '../../../reports/model/versions.js';
import { buildReport } from '../../../reports/model.js';
import { renderTerminal } from '../../../reports/terminal.js';
import { fixture } from './fixture.js';

type Row = Pick<TrialRow, 'engine' | 'engineVersion' | 'server' | 'instructions'>;

const server = (origin: 'pinned' | 'local' | 'chosen' | 'url', versions: object = {}) => ({
  mode: origin === 'url' ? 'url' : 'docker',
  origin,
  pinnedVersion: '2.6.4',
  ...versions,
});
const row = (more: Partial<Row>): Row => ({ engine: 'a', engineVersion: '2.3.5', ...more });

describe('what stands beside a contender', () => {
  test.each<[string, Partial<Row>, string]>([
    ['a library', { instructions: 'none' }, '2.3.5, no AVX'],
    ['the pinned image', { server: server('pinned') }, '2.3.5, pinned image'],
    ['an image built here', { server: server('local') }, '2.3.5, built locally'],
    ['a running server', { server: server('url') }, '2.3.5, running server'],
    [
      'a server that tells the version of its interface alone',
      { engineVersion: 'interface 1.0.0', server: server('pinned', { imageVersion: '1.3.4' }) },
      '1.3.4 (interface 1.0.0), pinned image',
    ],
    ['nothing is known', { engineVersion: null }, ''],
  ])('%s', (_, more, text) => {
    expect(aboutRow(row(more))).toBe(text);
  });

  test('two versions of one contender are both named', () => {
    expect(aboutRows([row({}), row({}), row({ engineVersion: '2.6.4' })])).toBe('2.3.5 / 2.6.4');
  });

  test('a setting that failed, and has no client therefore, is no second contender', () => {
    const measured = { ...row({}), client: 'grpc' };
    expect(aboutRows([measured, row({})])).toBe('2.3.5, gRPC past the official client');
  });
});

describe('versions older than the pinned one', () => {
  test.each([
    ['2.3.5', true],
    ['v2.6.3', true],
    ['2.6', true],
    ['2.6.4', false],
    ['2.10.0', false],
    ['2.3.5 on PostgreSQL 17.6', true],
    ['unknown', false],
  ])('%s: %s', (engineVersion, older) => {
    expect(olderVersions([row({ engineVersion, server: server('local') })]) !== undefined).toBe(older);
  });

  test('libraries have none, and what tells no version is not compared', () => {
    expect(
      olderVersions([row({}), row({ engineVersion: 'interface 1.0.0', server: server('local') })]),
    ).toBeUndefined();
  });

  test('stand at the top of the report and on the terminal, with the version beside the name', () => {
    const input = fixture();
    const old = { mode: 'docker', origin: 'local' as const, pinnedVersion: '99.0.0' };
    const trials = input.results.trials.map((each) =>
      each.engine === 'usearch' ? { ...each, server: old } : each,
    );
    const model = buildReport({ ...input, results: { ...input.results, trials } });
    const sentence = /usearch 2\.25\.3 \(pinned: 99\.0\.0\) is older than what vecproof pins/;
    expect(model.cautions.join(' ')).toMatch(sentence);
    const text = renderTerminal(model, { color: false, width: 160, reportPath: 'r.html' });
    expect(text).toMatch(sentence);
    expect(text).toContain('Versions: usearch 2.25.3, built locally;');
    const chosen = model.choices.find(({ key }) => key === '95')!;
    expect(richText(chosen.answer)).toContain('(2.25.3, built locally)');
  });
});
