import { describe, expect, it } from 'vitest';
import { attemptsOf } from '../../../harness/derive/attempts.js';
import type { BuildCost, LoggedEvent } from '../../../harness/model/events.js';
import { fixture } from '../reports/fixture.js';

const { manifest } = fixture({ series: ['lancedb ivf'] });
const build = manifest.plan[0]!;
const [a, b, c] = build.trials.map(({ id }) => id) as [string, string, string];
const [monday, friday] = ['2026-01-05T08:00:00.000Z', '2026-01-09T08:00:00.000Z'];

const begin = (time: string, attempt: number): LoggedEvent => ({
  type: 'buildBegin',
  time,
  build: build.id,
  attempt,
});
const trial = (
  id: string,
  flags: string[] = [],
  state: 'completed' | 'failed' = 'completed',
): LoggedEvent => ({
  type: 'trialEnd',
  time: monday,
  build: build.id,
  trial: id,
  state,
  flags,
});
const end = (cost: BuildCost, attempt = 1): LoggedEvent => ({
  type: 'buildEnd',
  time: monday,
  build: build.id,
  attempt,
  state: 'completed',
  cost,
});
const [first, second]: BuildCost[] = [
  { engineVersion: '1', loadSeconds: 8, indexSeconds: 0 },
  { engineVersion: '1', loadSeconds: 7, indexSeconds: 0 },
];

describe('attempts at a build', () => {
  it('one: nothing is told of it', () => {
    const { costOf, of, isMixed, warnings } = attemptsOf(manifest, [begin(monday, 1), trial(a), end(first!)]);
    expect([costOf(build.id, a), of(build.id, a), isMixed(build.id), warnings]).toEqual([
      first,
      undefined,
      false,
      [],
    ]);
  });

  it.each([
    ['as they are numbered', 2],
    ['numbered anew by a version that did so', 1],
  ])('two, %s: each trial has the cost of its own, and the flag', (_, number) => {
    const log = [
      begin(monday, 1),
      trial(a),
      trial(b),
      end(first!),
      begin(friday, number),
      trial(c),
      end(second!, number),
    ];
    const { costOf, of, isMixed, warnings } = attemptsOf(manifest, log);
    expect([a, b, c].map((id) => costOf(build.id, id).loadSeconds)).toEqual([8, 8, 7]);
    expect([a, b, c].map((id) => of(build.id, id))).toEqual([1, 1, 2]);
    expect(isMixed(build.id)).toBe(true);
    expect(warnings).toEqual([expect.stringContaining(`2 on that of ${monday}, 1 on that of ${friday}`)]);
  });

  it('one that was killed has told no cost: it is absent, and not the other one’s', () => {
    const log = [begin(monday, 1), trial(a), begin(friday, 2), trial(b), end(second!, 2)];
    const { costOf } = attemptsOf(manifest, log);
    expect(costOf(build.id, a)).toEqual({ engineVersion: '1' });
    expect(costOf(build.id, b)).toEqual(second);
  });

  it('one that gave nothing mixes nothing', () => {
    const log = [
      begin(monday, 1),
      trial(a, [], 'failed'),
      end({}),
      begin(friday, 2),
      trial(a),
      trial(b),
      end(second!, 2),
    ];
    const { isMixed, of, costOf } = attemptsOf(manifest, log);
    expect([isMixed(build.id), of(build.id, a), costOf(build.id, a)]).toEqual([false, 2, second]);
  });

  it('one trial with passes of both makes the build a mixed one', () => {
    const log = [begin(monday, 1), begin(friday, 2), trial(a, ['mixed-builds']), trial(b), end(second!, 2)];
    expect(attemptsOf(manifest, log).isMixed(build.id)).toBe(true);
  });

  it('what was measured again as a whole is of one build again', () => {
    const mixed = [begin(monday, 1), begin(friday, 2), trial(a, ['mixed-builds']), trial(b), end(second!, 2)];
    const again = [...mixed, begin(friday, 3), trial(a), trial(b), end(first!, 3)];
    expect(attemptsOf(manifest, again).isMixed(build.id)).toBe(false);
  });
});
