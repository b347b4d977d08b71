import { describe, expect, test } from 'vitest';
import type { DistinctQuery } from '../../../migration/queries/distinct.js';
import { languageOf } from '../../../migration/queries/language.js';
import { type Placed, stratified } from '../../../migration/queries/sample.js';
import { strataOf, wholeOf } from '../../../migration/queries/strata.js';

const DAY = 86_400_000;

function query(i: number, about: Partial<DistinctQuery> = {}): DistinctQuery {
  const nothing = {
    text: undefined,
    filter: undefined,
    native: undefined,
    k: undefined,
    group: undefined,
    workflow: undefined,
    tenant: undefined,
    time: undefined,
    hits: undefined,
    threshold: undefined,
  };
  return {
    ...nothing,
    line: i,
    vector: Float32Array.of(i),
    count: 1,
    hash: `${i}`.padStart(6, '0'),
    ...about,
  };
}

test.each([
  ['how do I remove a package from the list', 'en'],
  ['wie kann ich das Paket nicht löschen', 'de'],
  ['comment supprimer les paquets de la liste', 'fr'],
  ['cómo borrar los paquetes de la lista', 'es'],
  ['как удалить пакет', 'cyrillic'],
  ['パッケージを削除', 'ja'],
  ['删除软件包', 'zh'],
  ['패키지 삭제', 'ko'],
  ['libssl3 3.0.11', 'und'],
  ['', 'und'],
])('the language of %j is %s', (text, language) => {
  expect(languageOf(text)).toBe(language);
});

test('a query is placed by how often, how long, whose, how much and how old', () => {
  const all = [
    query(1, { count: 60, time: 100 * DAY }),
    query(2, { count: 30, text: 'how to', time: 100 * DAY - 1000, workflow: 'search', hits: 0 }),
    query(3, { count: 10, filter: { a: 1 }, matches: 5, tenant: 'a', tenantPoints: 500, time: 80 * DAY }),
    query(4, { filter: { a: 1 }, time: 10 * DAY }),
  ];
  const whole = wholeOf(all, 1000);
  const placed = all.map((each) => strataOf(each, whole));
  expect(placed[0]).toMatchObject({
    frequency: 'head (half of the traffic)',
    kind: 'unfiltered',
    length: 'not known',
  });
  expect(placed[1]).toMatchObject({
    frequency: 'repeated',
    kind: 'negative',
    length: '1-2 words',
    language: 'en',
    workflow: 'search',
    recency: 'last day',
    selectivity: 'no filter',
  });
  expect(placed[2]).toMatchObject({
    kind: 'permission',
    'tenant size': 'more than 10%',
    selectivity: 'selectivity<=1%',
    recency: 'last 30 days',
  });
  expect(placed[3]).toMatchObject({ frequency: 'asked once', selectivity: 'not known', recency: 'older' });
});

describe('a stratified sample', () => {
  const all = Array.from({ length: 1000 }, (_, i) =>
    query(i, i % 100 === 7 ? { hits: 0 } : i % 50 === 3 ? { tenant: 'a' } : {}),
  );
  const whole = wholeOf(all, undefined);
  const placed = all.map((each): Placed => ({ query: each, strata: strataOf(each, whole) }));
  const options = { size: 100, floor: 8, seed: 5 };
  const hashes = (queries: readonly Placed[]) => queries.map((each) => each.query.hash);

  test('has rare kinds that a plain one would lack, and no query twice', () => {
    const chosen = stratified(placed, options);
    expect(chosen).toHaveLength(100);
    expect(new Set(chosen).size).toBe(100);
    const kinds = (kind: string) => chosen.filter(({ strata }) => strata.kind === kind).length;
    expect(kinds('negative')).toBeGreaterThanOrEqual(8);
    expect(kinds('permission')).toBeGreaterThanOrEqual(8);
  });

  test('is the same for the same seed, in whatever order the log is', () => {
    const chosen = hashes(stratified(placed, options));
    expect(hashes(stratified(placed.toReversed(), options))).toEqual(chosen);
    expect(hashes(stratified(placed, { ...options, seed: 6 }))).not.toEqual(chosen);
  });

  test('has all queries where they are fewer than asked for', () => {
    expect(stratified(placed.slice(0, 5), options)).toHaveLength(5);
  });
});
