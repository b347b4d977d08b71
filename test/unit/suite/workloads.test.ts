import { describe, expect, test } from 'vitest';
import { faultText } from '../../../common/faults.js';
import { redactor } from '../../../common/redact.js';
import type { EngineDefinition } from '../../../engines/contract/engine.js';
import type { ParsedOptions } from '../../../engines/contract/options.js';
import { parseGates } from '../../../harness/gate/gates.js';
import { checkSelectors, isSelected, selectableOf, settingKey } from '../../../harness/gate/select.js';
import { plannedTrialSchema } from '../../../harness/model/plan.js';
import { SERIAL, type WorkloadKind } from '../../../harness/model/workload.js';
import { EXECUTORS } from '../../../harness/run/executors/registry.js';
import { SuiteError } from '../../../harness/suite/faults.js';
import { parseSuite } from '../../../harness/suite/parse.js';
import { planSuite } from '../../../harness/suite/plan.js';
import { planWorkloads } from '../../../harness/suite/workloads.js';
import { row } from '../gate/rows.js';

/** A workload with options, as an executor would declare it. */
const rated: WorkloadKind = {
  type: 'constant-rate',
  description: 'So many queries a second.',
  optionSchemas: () => ({ rate: { type: 'number' } }),
  parse: ({ rate, arrivals = 'uniform', ...rest }) => {
    const issues = Object.keys(rest).map((key) => ({
      path: [key],
      what: 'is not a known key',
      inKey: true,
    }));
    if (typeof rate !== 'number') issues.push({ path: ['rate'], what: 'must be a number', inKey: false });
    return issues.length > 0
      ? { state: 'invalid', issues }
      : { state: 'ok', options: { rate: rate!, arrivals } };
  },
};
const kinds = [...EXECUTORS.filter(({ type }) => type === 'serial'), rated];

const suite = (workloads: string) => `version: 1
name: x
dataset: data
engines: [{ use: one }]
${workloads}
`;

function faults(workloads: string, known: readonly WorkloadKind[] = EXECUTORS): readonly string[] {
  try {
    parseSuite(suite(workloads), 's.yaml', {}, undefined, known);
  } catch (error) {
    if (error instanceof SuiteError) return error.faults.map(faultText);
    throw error;
  }
  throw new Error('the suite has no fault');
}

describe('workloads of a suite', () => {
  test('are serial if nothing is said, and may be named', () => {
    for (const text of ['', 'workloads: [serial]', 'workloads: [{ type: serial }]'])
      expect(parseSuite(suite(text), 's.yaml', {}, undefined, EXECUTORS).workloads).toEqual([SERIAL]);
  });

  test('sweep their options, in the order of the file, and get their defaults', () => {
    const { workloads, faults: found } = planWorkloads(
      ['serial', { type: 'constant-rate', rate: [200, 800] }],
      kinds,
    );
    expect(found).toEqual([]);
    expect(workloads).toEqual([
      SERIAL,
      { type: 'constant-rate', options: { rate: 200, arrivals: 'uniform' } },
      { type: 'constant-rate', options: { rate: 800, arrivals: 'uniform' } },
    ]);
  });

  test.each([
    [
      'workloads: [seriel]',
      's.yaml:5:13 workloads[0] is an unknown workload. Did you mean "serial"? Known: serial, constant-clients, constant-rate, ramping-rate, search-under-writes. (got "seriel")',
    ],
    [
      'workloads: [{ type: open-loop, rate: 5 }]',
      's.yaml:5:21 workloads[0].type is an unknown workload. Known: serial, constant-clients, constant-rate, ramping-rate, search-under-writes. (got "open-loop")',
    ],
    [
      'workloads: [{ type: serial, clients: 4 }]',
      's.yaml:5:29 workloads[0].clients is not known: serial has no options',
    ],
    ['workloads: []', 's.yaml:5:12 workloads must not be empty (got [])'],
    [
      'workloads: [serial, { type: serial }]',
      's.yaml:5:21 workloads[1] is listed twice (got {"type":"serial"})',
    ],
  ])('%s', (text, fault) => {
    expect(faults(text)).toEqual([fault]);
  });

  test('faults of options are told at their place, all at once with those of the engines', () => {
    expect(faults('workloads: [{ type: constant-rate, rats: 5 }]\nrepeat: 0', kinds)).toEqual([
      's.yaml:5:13 workloads[0].rate must be a number',
      's.yaml:5:36 workloads[0].rats is not a known key',
      expect.stringContaining('repeat'),
    ]);
  });
});

describe('a planned trial', () => {
  const parseOptions = ({ index, search }: Parameters<EngineDefinition['parseOptions']>[0]) =>
    ({ state: 'ok', index, search, variant: 'flat' }) as ParsedOptions;
  const definitions = new Map([['one', { name: 'one', parseOptions } as unknown as EngineDefinition]]);
  const { workloads } = planWorkloads(['serial', { type: 'constant-rate', rate: [200, 800] }], kinds);
  const { builds } = planSuite(
    [{ use: 'one', index: {}, search: { ef: [16, 32] } }],
    definitions,
    redactor([]),
    workloads,
  );

  test('has its workload; the id of a serial one says nothing of it', () => {
    expect(builds).toHaveLength(1);
    expect(builds[0]!.trials.map(({ id }) => id)).toEqual([
      'one-flat-ef16',
      'one-flat-ef16-constant-rate-rate200-arrivalsuniform',
      'one-flat-ef16-constant-rate-rate800-arrivalsuniform',
      'one-flat-ef32',
      'one-flat-ef32-constant-rate-rate200-arrivalsuniform',
      'one-flat-ef32-constant-rate-rate800-arrivalsuniform',
    ]);
    expect(builds[0]!.trials[1]!.workload).toEqual(workloads[1]);
  });

  test('is named by the options that its suite has chosen, not by defaults', () => {
    const { workloads: sent, named } = planWorkloads(
      [
        { type: 'constant-rate', rate: 200 },
        { type: 'constant-clients', clients: [1, 4], warmUp: 2 },
      ],
      EXECUTORS,
    );
    const { builds: planned } = planSuite(
      [{ use: 'one', index: {}, search: {} }],
      definitions,
      redactor([]),
      sent.map((each) => ({ ...each, named: named.get(each) })),
    );
    expect(planned[0]!.trials.map(({ id }) => id)).toEqual([
      'one-flat-constant-rate-rate200',
      'one-flat-constant-clients-clients1-warmUp2',
      'one-flat-constant-clients-clients4-warmUp2',
    ]);
    expect(planned[0]!.trials[0]!.workload.options).toMatchObject({
      rate: 200,
      arrivals: 'poisson',
      seconds: 10,
    });
  });

  test('of a run that knew no workloads is serial', () => {
    expect(plannedTrialSchema.parse({ id: 'x', search: {} }).workload).toEqual(SERIAL);
  });

  test('is selected by its workload and that one’s options', () => {
    const rows = selectableOf(builds);
    const count = (selectors: { key: string; value: string }[]) =>
      rows.filter((each) => isSelected(selectors, each)).length;
    expect(count([{ key: 'workload', value: 'serial' }])).toBe(2);
    expect(count([{ key: 'workload', value: 'constant-rate' }])).toBe(4);
    expect(count([{ key: 'rate', value: '200' }])).toBe(2);
    expect(
      count([
        { key: 'workload.rate', value: '800' },
        { key: 'ef', value: '16' },
      ]),
    ).toBe(1);
    expect(count([{ key: 'workload.rate', value: '1' }])).toBe(0);
  });

  test('a gate on a workload that is not planned is a fault of the plan', () => {
    const check = (gates: Record<string, string>) =>
      checkSelectors(parseGates(gates, [10]).set.gates, builds).map(({ what }) => what);
    expect(check({ 'latency{workload:serial}': 'p(99) < 9ms' })).toEqual([]);
    expect(check({ 'latency{workload:constant-rate,rate:200}': 'p(99) < 9ms' })).toEqual([]);
    expect(check({ 'latency{workload:open}': 'p(99) < 9ms' })).toEqual([
      expect.stringContaining('matches no trial of the plan'),
    ]);
    expect(check({ 'latency{rats:200}': 'p(99) < 9ms' })).toEqual([
      expect.stringContaining('Did you mean "rate"?'),
    ]);
  });

  test('is another setting than the same search under another workload', () => {
    const serial = row('a-ef16', {});
    const keys = [
      serial,
      { ...serial, workload: 'constant-rate', workloadOptions: { rate: 200 } },
      { ...serial, workload: 'constant-rate', workloadOptions: { rate: 800 } },
    ].map(settingKey);
    expect(new Set(keys).size).toBe(3);
  });
});
