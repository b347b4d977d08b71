import { describe, expect, test } from 'vitest';
import { parseGates } from '../../../harness/gate/gates.js';
import { judge } from '../../../harness/gate/judge.js';
import type { PlannedBuild } from '../../../harness/model/plan.js';
import { replicated } from '../../../harness/model/replicas.js';
import { SERIAL } from '../../../harness/model/workload.js';
import { chooseTrial, planParity } from '../../../harness/suite/parity.js';
import { parseSuite } from '../../../harness/suite/parse.js';
import { measure, row } from '../gate/rows.js';

const build = (engine: string, m: number, efs: readonly number[]): PlannedBuild => ({
  id: `${engine}-m${m}`,
  engine,
  series: `${engine} hnsw`,
  index: { type: 'hnsw', m },
  trials: efs.map((ef) => ({ id: `${engine}-m${m}-ef${ef}`, search: { ef }, workload: SERIAL })),
});
const BUILDS = [build('a', 8, [10, 20]), build('a', 16, [10]), build('b', 16, [64])];

const plan = (parity: string, extra = '') => {
  const text = `version: 1\nname: x\ndataset: d\nk: [1, 10]\nengines: [{ use: a }]\nparity: ${parity}\n${extra}`;
  const { suite, ks } = parseSuite(text, 's.yaml', {});
  return planParity(suite, ks, BUILDS, parity.startsWith('['));
};
const faults = (parity: string) => plan(parity).faults.map(({ path, what }) => `${path.join('.')} ${what}`);

describe('parity of a suite', () => {
  test('finds its trials by series, build, id or selectors, and builds the reference again', () => {
    const {
      parity,
      rebuilds,
      faults: none,
    } = plan(
      '[{ name: x, reference: b hnsw, candidate: a-m16 }, { reference: { engine: b }, candidate: "m:8,ef:20", k: 1 }]',
    );
    expect(none).toEqual([]);
    expect(parity).toEqual([
      { name: 'x', k: 10, reference: 'b-m16-ef64', candidate: 'a-m16-ef10', rebuild: 'b-m16-ef64.rebuild' },
      {
        name: 'parity-2',
        k: 1,
        reference: 'b-m16-ef64',
        candidate: 'a-m8-ef20',
        rebuild: 'b-m16-ef64.rebuild',
      },
    ]);
    expect(rebuilds).toEqual([
      {
        ...BUILDS[2],
        id: 'b-m16.rebuild',
        trials: [{ id: 'b-m16-ef64.rebuild', search: { ef: 64 }, workload: SERIAL }],
      },
    ]);
    expect(plan('{ reference: b, candidate: a-m16, rebuild: false }')).toMatchObject({
      parity: [{ name: 'parity', rebuild: null }],
      rebuilds: [],
    });
  });

  test('with several builds of each the first ones are compared, and the others are the rebuilds', () => {
    const { parity, rebuilds } = plan('{ reference: b hnsw, candidate: a-m16 }', 'builds: 3\n');
    expect(rebuilds).toEqual([]);
    expect(parity).toEqual([
      {
        name: 'parity',
        k: 10,
        reference: 'b-m16-ef64',
        candidate: 'a-m16-ef10',
        rebuild: 'b-m16-ef64~2',
      },
    ]);
  });

  test('a setting that was built several times is its first build, unless another one is named', () => {
    const all = replicated(BUILDS, 3);
    expect(chooseTrial('b hnsw', all)).toEqual({ trial: 'b-m16-ef64' });
    expect(chooseTrial('engine:a,m:8,ef:20', all)).toEqual({ trial: 'a-m8-ef20' });
    expect(chooseTrial('b-m16-ef64~3', all)).toEqual({ trial: 'b-m16-ef64~3' });
    expect(chooseTrial('b-m16~2', all)).toEqual({ trial: 'b-m16-ef64~2' });
    expect(chooseTrial('a hnsw', all)).toEqual({
      fault: expect.stringMatching(/^names 3 trials \(a-m8-ef10, a-m8-ef20, a-m16-ef10\)/),
    });
  });

  test('faults say where and what to do', () => {
    expect(faults('{ reference: c hnsw, candidate: b }')).toEqual([
      'parity.reference names no trial of the plan. Did you mean "a hnsw"?',
    ]);
    expect(faults('{ reference: a hnsw, candidate: b }')).toEqual([
      'parity.reference names 3 trials (a-m8-ef10, a-m8-ef20, a-m16-ef10): add parameters until it names one',
    ]);
    expect(faults('[{ reference: b, candidate: b hnsw }]')[0]).toMatch(
      /^parity\.0\.candidate is the reference itself/,
    );
    expect(faults('{ reference: b, candidate: a-m16, k: 11 }')).toEqual([
      "parity.k must be at most the suite's k (10): no search asks for more",
    ]);
    const twice = '{ reference: b, candidate: a-m16 }';
    expect(faults(`[${twice}, ${twice}]`)).toEqual(['parity.1 compares the same as "parity-1"']);
    expect(
      faults(
        `[{ name: x, reference: b, candidate: a-m16 }, { name: x, reference: b, candidate: a-m8-ef10 }]`,
      ),
    ).toEqual(['parity.1.name is the name of another parity']);
  });

  test('the shell is checked with line and column', () => {
    expect(() => plan('{ reference: b, candidat: a }')).toThrow(
      /s\.yaml:6:9 parity\.candidate is required[\s\S]*s\.yaml:6:35 parity\.candidat is not a known key\. Did you mean "candidate"\?/,
    );
    expect(() => plan('[{ reference: 7, candidate: a }]')).toThrow(
      /parity\[0\]\.reference must be the name of a trial/,
    );
  });
});

describe('gates on a parity', () => {
  const parities = [{ name: 'move', k: 10 }];
  const said = (gates: Record<string, unknown>, known = parities) =>
    parseGates(gates, [10], known).faults.map(({ what }) => what);

  test('need one, by its name and depth, and no baseline', () => {
    expect(said({ 'overlap@10{parity:move}': 'mean >= 0.98', 'parity.lost': 'total == 0' })).toEqual([]);
    expect(said({ 'tau@10': 'mean >= -0.5' })).toEqual([]);
    expect(said({ 'overlap@10': 'mean >= 0.98' }, [])[0]).toMatch(
      /compares two trials: say which under parity/,
    );
    expect(said({ 'overlap@5': 'mean >= 0.98' })[0]).toMatch(/has k 10, not 5/);
    expect(said({ 'overlap@10{parity:moved}': 'mean >= 0.98' })[0]).toMatch(/Did you mean "move"\?/);
    expect(said({ 'recall@10{parity:move}': 'mean >= 0.98' })[0]).toMatch(
      /recall@10 is measured on one trial/,
    );
    expect(said({ 'overlap@10': 'drop(baseline) < 1pt' })[0]).toMatch(/takes mean or total, not drop/);
  });

  test('are judged on the comparison alone, each group by itself; one without figures fails', () => {
    const { set } = parseGates({ 'overlap@10{parity:move}': 'mean >= 0.98' }, [10], parities);
    const trials = [row('t', { 'overlap@10': measure(0, 0, 0) })];
    const of = (group: string, low: number) => ({
      ...row('t', { 'overlap@10': measure(low + 0.001, low, low + 0.002) }, { group }),
      parity: 'move',
      setting: 'move: t against r',
    });
    const verdict = (parity: readonly ReturnType<typeof of>[]) =>
      judge({ set, trials, parity, baseline: undefined })[0]!;
    expect(verdict([of('all', 0.99)]).state).toBe('pass');
    expect(verdict([of('all', 0.99), of('tenant', 0.9)])).toMatchObject({ state: 'fail' });
    expect(verdict([of('all', 0.99), of('tenant', 0.9)]).message).toContain(
      'move: t against r, group tenant',
    );
    expect(verdict([{ ...of('all', 0.99), measures: {} }]).state).toBe('fail');
    expect(verdict([]).state).toBe('fail');
  });
});
