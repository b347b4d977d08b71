import { describe, expect, it } from 'vitest';
import { machinesOfRun } from '../../../harness/derive/machines.js';
import type { LoggedEvent } from '../../../harness/model/events.js';
import { sameMachine } from '../../../harness/model/machines.js';
import type { Manifest } from '../../../harness/model/manifest.js';
import { fixture } from '../reports/fixture.js';

const { manifest } = fixture({ series: ['lancedb flat', 'lancedb ivf'] });
const [a, b] = manifest.plan.flatMap(({ trials }) => trials.map(({ id }) => id)) as [string, string];
const here = manifest.environment;
const there = { ...here, cores: 128 };
const time = '2026-01-01T00:00:00.000Z';
const begin = (environment?: Manifest['environment']): LoggedEvent => ({
  type: 'runBegin',
  time,
  resumed: environment !== undefined,
  ...(environment && { environment }),
});
const end = (trial: string): LoggedEvent => ({
  type: 'trialEnd',
  time,
  build: 'b',
  trial,
  state: 'completed',
  flags: [],
});

describe('where trials were measured', () => {
  it('is not told where it is one machine', () => {
    const { all, of } = machinesOfRun(manifest, [begin(), end(a), end(b)]);
    expect([all, of(a)]).toEqual([undefined, undefined]);
  });

  it('is told by the log of a run that was continued elsewhere', () => {
    const { all, of } = machinesOfRun(manifest, [begin(), end(a), begin(there), end(b)]);
    expect(all).toEqual([here, there]);
    expect([of(a), of(b)]).toEqual([1, 2]);
  });

  it('is told by the manifest of shards that were merged, also of what did not end', () => {
    const builds = manifest.plan.map(({ id }) => id);
    const shards = [
      { environment: here, builds: builds.slice(0, 1) },
      { environment: there, builds: builds.slice(1) },
    ];
    const { all, of } = machinesOfRun({ ...manifest, shards }, [begin(), end(a)]);
    expect(all).toEqual([here, there]);
    expect([of(a), of(b)]).toEqual([1, 2]);
  });

  it('two of a kind are told apart by their hosts, as far as a run knows them', () => {
    expect(sameMachine({ ...here, host: 'x' }, { ...here, host: 'y' })).toBe(false);
    expect(sameMachine({ ...here, host: 'x' }, here)).toBe(true);
  });
});
