import { describe, expect, test } from 'vitest';
import { Random } from '../../../harness/measures/random.js';
import { markersAllowed } from '../../../migration/monitor/marker.js';
import type { Compared } from '../../../migration/monitor/model.js';
import { drawQueries } from '../../../migration/monitor/queries.js';
import { noSignals, takeSignal } from '../../../migration/monitor/signals.js';
import { freshState, MOST } from '../../../migration/monitor/state.js';
import { Watch } from '../../../migration/monitor/watch.js';
import { monitorSchema } from '../../../migration/plan/monitor-schema.js';

const NOW = '2026-11-28T12:00:00.000Z';
const SETTINGS = monitorSchema.parse({ gates: { overlap: 0.9, empty: 0.05, errors: 0.05, latency: 50 } });

interface World {
  kept: number;
  emptyInTarget: number;
  errors: number;
  score: number;
  ms: number;
}
/** The limits are kept, and not by far. */
const WELL: World = { kept: 0.93, emptyInTarget: 0.02, errors: 0.02, score: 0, ms: 20 };

function answer(random: Random, world: World): Compared {
  const uniform = () => random.uint32() / 2 ** 32;
  const hits = Array.from({ length: 10 }, () => `s:${random.below(400)}`);
  const target = hits.map((hit) => (uniform() < world.kept ? hit : `s:${random.below(400)}`));
  const empty = uniform() < world.emptyInTarget;
  const failed = uniform() < world.errors;
  const score = world.score + Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    query: `q${random.below(50)}`,
    group: 'all',
    tenant: `t${random.below(3)}`,
    state: failed ? 'failed' : 'compared',
    ...(failed && { failed: { side: 'target', why: 'it said no' } }),
    overlap: empty ? undefined : target.filter((hit, i) => hit === hits[i]).length / 10,
    empty: { source: false, target: empty },
    lost: [],
    missing: [],
    broken: [],
    scores: { first: score, last: score - 1 },
    unresolved: 0,
    hits: { source: hits, target },
    ms: { source: 10, target: world.ms * (0.5 + uniform()) },
  };
}

/** The round in which a gate first fails, and all that do. */
function alarms(seed: number, rounds: number, world: (round: number) => World): Map<string, number> {
  const random = new Random(seed);
  const watch = new Watch(SETTINGS, freshState(NOW), NOW);
  const found = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const before = watch.verdicts();
    watch.takeRound(
      Array.from({ length: 20 }, () => answer(random, world(round))),
      random,
      NOW,
    );
    for (const { gate, to } of watch.changesSince(before))
      if (to === 'fail' && !found.has(gate)) found.set(gate, round);
  }
  return found;
}

describe('all gates of a watch together', () => {
  test('raise a false alarm in at most alpha of all watches', () => {
    const watches = 100;
    let count = 0;
    for (let seed = 1; seed <= watches; seed++) if (alarms(seed, 30, () => WELL).size > 0) count++;
    expect(count / watches).toBeLessThanOrEqual(SETTINGS.alpha);
  });

  test.each<{ what: string; drift: Partial<World>; gate: string; within: number }>([
    { what: 'hits that are lost', drift: { kept: 0.75 }, gate: 'overlap', within: 6 },
    { what: 'empty answers', drift: { emptyInTarget: 0.3 }, gate: 'empty', within: 6 },
    { what: 'errors', drift: { errors: 0.3 }, gate: 'errors', within: 8 },
    { what: 'other scores', drift: { score: 1.5 }, gate: 'scores.first', within: 6 },
    { what: 'slow answers', drift: { ms: 80 }, gate: 'latency', within: 8 },
  ])('find $what within $within rounds, and by that gate', ({ drift, gate, within }) => {
    const late = Array.from({ length: 20 }, (_, at) => {
      const found = alarms(at + 1, 20 + within, (round) => (round < 20 ? WELL : { ...WELL, ...drift }));
      const round = found.get(gate);
      return round === undefined || round < 20 || round >= 20 + within;
    }).filter(Boolean);
    expect(late.length).toBeLessThanOrEqual(1);
  });

  test('are bounded in what they keep', () => {
    const random = new Random(4);
    const watch = new Watch(SETTINGS, freshState(NOW), NOW);
    for (let round = 0; round < 60; round++) {
      const answers = Array.from({ length: 20 }, (_, i): Compared => {
        const row = `s:${round}-${i}`;
        return {
          ...answer(random, WELL),
          tenant: `tenant ${round} ${i}`,
          broken: [{ kind: 'deleted', query: row, row, why: 'the source has no such point' }],
        };
      });
      watch.takeRound(answers, random, NOW);
    }
    expect(watch.state.tenants).toHaveLength(MOST.tenants);
    expect(watch.state.pending).toHaveLength(MOST.pending);
    expect(watch.state.totals.notLookedAt).toBeGreaterThan(0);
    const size = JSON.stringify(watch.state).length;
    for (let round = 0; round < 60; round++)
      watch.takeRound(
        Array.from({ length: 20 }, () => answer(random, WELL)),
        random,
        NOW,
      );
    expect(JSON.stringify(watch.state).length).toBeLessThan(size * 1.3);
  });
});

test('rows that the target does not hold are suspected once, but those that a load has left out or not come to', () => {
  const random = new Random(5);
  const missing = (rows: string[]): Compared[] => [
    { ...answer(random, WELL), state: 'apart', overlap: undefined, missing: rows, lost: rows },
  ];
  const watch = new Watch(SETTINGS, freshState(NOW), NOW);
  const suspected = () => watch.state.missing.pending.map(({ row }) => row);
  watch.takeRound(missing(['s:a', 's:b']), random, NOW, 'all');
  expect(suspected()).toEqual([]);
  watch.takeRound(missing(['s:a', 's:b']), random, NOW, new Set(['s:b']));
  watch.takeRound(missing(['s:a', 's:c']), random, NOW);
  expect(suspected()).toEqual(['s:a', 's:c']);
  expect(watch.missing()).toMatchObject({ verdict: 'pass', value: 0 });
  const many = Array.from({ length: 2 * MOST.pending }, (_, i) => `s:${i}`);
  watch.takeRound(missing(many), random, NOW);
  expect(suspected()).toHaveLength(MOST.pending);
  expect(watch.state.totals.notLookedAt).toBeGreaterThan(0);
});

describe('signals of the application', () => {
  test('set each answer of the target against those of the source since the last one', () => {
    const state = noSignals();
    const event = (side: 'source' | 'target', value: boolean) => ({ signal: 'click' as const, side, value });
    expect(takeSignal(state, 'click', event('target', true))).toBeUndefined();
    for (const value of [true, true, false, true]) takeSignal(state, 'click', event('source', value));
    // Fewer clicks are worse.
    expect(takeSignal(state, 'click', event('target', false))).toBe(0.75);
    expect(takeSignal(state, 'click', event('target', false))).toBeUndefined();
    expect(state).toMatchObject({ source: { n: 4, yes: 3 }, target: { n: 3, yes: 1 } });
  });

  test('raise an alarm when the target’s are worse', () => {
    const random = new Random(8);
    const watch = new Watch(SETTINGS, freshState(NOW), NOW);
    const feed = (count: number, target: number) => {
      const uniform = () => random.uint32() / 2 ** 32;
      for (let i = 0; i < count; i++)
        watch.takeSignals([
          { signal: 'fallback', side: 'source', value: uniform() < 0.1 },
          { signal: 'fallback', side: 'target', value: uniform() < target },
        ]);
      return watch.verdicts().get('signal.fallback');
    };
    expect(feed(800, 0.1)).not.toBe('fail');
    expect(feed(800, 0.35)).toBe('fail');
  });
});

test('queries are drawn with replacement, alike after a restart, and others in each round', () => {
  const all = Array.from({ length: 50 }, (_, i) => i);
  expect(drawQueries(all, 20, 42, 3)).toEqual(drawQueries(all, 20, 42, 3));
  expect(drawQueries(all, 20, 42, 3)).not.toEqual(drawQueries(all, 20, 42, 4));
  const counts = new Array<number>(50).fill(0);
  for (let round = 0; round < 500; round++)
    for (const each of drawQueries(all, 20, 42, round)) counts[each]!++;
  // Mean 200, standard deviation 14.
  expect(Math.min(...counts)).toBeGreaterThan(130);
  expect(Math.max(...counts)).toBeLessThan(270);
});

describe('markers', () => {
  const description = {
    spec: {
      name: 'docs',
      vectors: [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: 4, metric: 'cosine' }],
    },
    ids: 'string',
    index: {},
    fields: [],
    count: 1,
  } as const;

  test.each([
    { what: 'ours', mark: { by: 'x' }, markers: 'ours', state: 'on' },
    { what: 'ours, and the plan says off', mark: { by: 'x' }, markers: 'off', state: 'off' },
    { what: 'made by others', mark: null, markers: 'ours', state: 'off' },
    { what: 'of an engine without marks', mark: undefined, markers: 'ours', state: 'off' },
    { what: 'made by others, and allowed', mark: null, markers: 'allowed', state: 'on' },
  ] as const)('are written into a collection $what: $state', ({ mark, markers, state }) => {
    const given = mark === undefined ? description : { ...description, mark };
    expect(markersAllowed(markers, given).state).toBe(state);
  });

  test('are not written where their vector or id could be none', () => {
    expect(markersAllowed('allowed', { ...description, ids: null }).state).toBe('off');
    const [vector] = description.spec.vectors;
    const bits = { ...description.spec, vectors: [{ ...vector, type: 'bit' as const }] };
    expect(markersAllowed('allowed', { ...description, spec: bits }).state).toBe('off');
  });
});
