import { describe, expect, test } from 'vitest';
import { loadMeasures } from '../../../harness/measures/load.js';
import { LoadTimes } from '../../../harness/measures/load-times.js';
import { timingOf } from '../../../harness/measures/timing.js';
import { deriveTrial } from '../../../harness/measures/trial.js';
import { loadErrorText } from '../../../harness/model/load-errors.js';
import type { Workload } from '../../../harness/model/plan.js';
import { SERIAL } from '../../../harness/model/workload.js';
import { emptySamples } from '../../../harness/store/samples.js';
import { samplesOf as observed, truthOf } from './samples.js';

const rated = (inFlight: number): Workload => ({ type: 'constant-rate', options: { rate: 100, inFlight } });

interface Sent {
  due: number;
  sent?: number;
  answered: number;
  error?: string;
}

function samplesOf(sent: readonly Sent[], repetition = 0) {
  const samples = emptySamples(sent.length, 1);
  for (const [i, each] of sent.entries()) {
    samples.due[i] = each.due;
    samples.sent[i] = each.sent ?? each.due;
    samples.answered[i] = each.answered;
    samples.error[i] = each.error ?? null;
    samples.returned[i] = each.error === undefined ? 0 : -1;
    samples.repetition[i] = repetition;
  }
  return samples;
}

function measured(sent: readonly Sent[], workload: Workload, clientCores?: number) {
  const times = new LoadTimes(workload);
  times.add(samplesOf(sent));
  const { measures, flags } = loadMeasures(times, workload, timingOf(times.passes()), clientCores);
  return { flags, of: (name: string) => measures[name]?.value };
}

describe('a load', () => {
  test('offers what is due, not what was sent', () => {
    const { of } = measured(
      Array.from({ length: 101 }, (_, i) => ({ due: i * 10, sent: i * 20, answered: i * 20 + 1 })),
      rated(1),
    );
    expect(of('load.offered')).toBeCloseTo(100, 9);
  });

  test('has queries on their way by Little’s law', () => {
    // Two at a time for the whole second.
    const { of } = measured(
      Array.from({ length: 20 }, (_, i) => ({ due: i * 50, answered: i * 50 + 100 })),
      { type: 'constant-clients', options: { clients: 2 } },
    );
    expect(of('load.inFlight')).toBeCloseTo(2000 / 1050, 9);
    expect(of('load.offered')).toBeUndefined();
    expect(of('load.sendLag.p99')).toBeUndefined();
  });

  test('a query waited for a place if as many were on their way as there are places', () => {
    // The second is due while the first is on its way; the third when both have been answered.
    const sent: Sent[] = [
      { due: 0, answered: 10 },
      { due: 5, sent: 10, answered: 20 },
      { due: 25, sent: 26, answered: 30 },
    ];
    expect(measured(sent, rated(1)).of('load.queued')).toBeCloseTo(1 / 3, 9);
    const together = [
      { due: 0, answered: 10 },
      { due: 5, answered: 20 },
      { due: 25, answered: 30 },
    ];
    expect(measured(together, rated(2)).of('load.queued')).toBe(0);
  });

  test('a client that is late where a place was free is told; one that waits for the engine is not', () => {
    const late = Array.from({ length: 200 }, (_, i) => ({
      due: i * 10,
      sent: i * 10 + 3,
      answered: i * 10 + 5,
    }));
    expect(measured(late, rated(4)).of('load.sendLag.p99')).toBeCloseTo(3, 9);
    expect(measured(late, rated(4)).flags).toEqual(['late-client']);
    // The engine takes 20 ms with one place: each query waits for the ones before.
    const slow = Array.from({ length: 200 }, (_, i) => ({
      due: i * 10,
      sent: i * 20,
      answered: i * 20 + 20,
    }));
    const { of, flags } = measured(slow, rated(1));
    expect(of('load.queued')).toBeCloseTo(199 / 200, 9);
    expect(of('load.sendLag.p99')).toBeUndefined();
    expect(flags).toEqual(['rate-not-reached']);
  });

  test('an engine that blocks the process has one place, whatever the workload gives: its queries wait for it', () => {
    const blocked = Array.from({ length: 200 }, (_, i) => ({
      due: i * 10,
      sent: i * 20,
      answered: i * 20 + 20,
    }));
    const { of, flags } = measured(blocked, rated(64));
    expect(of('load.queued')).toBeCloseTo(199 / 200, 9);
    expect(flags).not.toContain('late-client');
  });

  test('counts its errors by kind', () => {
    const { of } = measured(
      [
        { due: 0, answered: 1 },
        { due: 1, answered: 2, error: loadErrorText('timeout', 'no answer within 1 s') },
        { due: 2, answered: 3, error: loadErrorText('unsent', 'no free place within 1 s') },
        { due: 3, answered: 4, error: loadErrorText('connection', 'reset') },
        { due: 4, answered: 5, error: 'index not found' },
        { due: 5, answered: 6, error: 'index not found' },
      ],
      rated(1),
    );
    expect(['timeout', 'unsent', 'connection', 'other'].map((kind) => of(`errors.${kind}`))).toEqual([
      1, 1, 1, 2,
    ]);
  });

  test('a client that is busy for more than 0.8 cores is told', () => {
    const clients: Workload = { type: 'constant-clients', options: { clients: 2 } };
    const sent = [{ due: 0, answered: 1 }];
    expect(measured(sent, clients, 0.9).flags).toEqual(['busy-client']);
    expect(measured(sent, clients, 0.7).flags).toEqual([]);
    expect(measured(sent, clients).of('client.cores')).toBeUndefined();
  });

  test('of one client that waits there is nothing to say', () => {
    const samples = observed(1, [{ query: 0, sent: 0, answered: 1, rows: [0], distances: [0] }]);
    const derived = deriveTrial(samples, truthOf([[[0, 0]]]), {
      ks: [1],
      metric: 'l2',
      workload: SERIAL,
    });
    expect(Object.keys(derived.measures).filter((name) => /^(load|errors)\./.test(name))).toEqual([]);
    expect(derived.load).toBeUndefined();
  });

  test('has a course over time, in which a stall is seen, and percentiles up to the slowest', () => {
    const workload = rated(64);
    const times = new LoadTimes({ ...workload, options: { ...workload.options, seconds: 60 } });
    // 100 a second for a minute; those due in the 11th second wait until its end.
    const sent = Array.from({ length: 6000 }, (_, i) => ({
      due: i * 10,
      answered: i >= 1000 && i < 1100 ? 11_000 : i * 10 + 1,
    }));
    times.add(samplesOf(sent));
    const { sliceSeconds, slices, percentiles } = times.course();
    expect(sliceSeconds).toBe(2);
    expect(slices).toHaveLength(30);
    expect(slices.filter(({ max }) => max! > 2).map(({ seconds }) => seconds)).toEqual([10]);
    expect(slices.every(({ answered, failed }) => answered === 200 && failed === 0)).toBe(true);
    expect(percentiles.at(0)).toEqual({ share: 0, ms: 1 });
    expect(percentiles.at(-1)).toEqual({ share: 1, ms: 1000 });
    expect(percentiles.map(({ ms }) => ms)).toEqual(
      percentiles.map(({ ms }) => ms).toSorted((a, b) => a - b),
    );
  });
});
