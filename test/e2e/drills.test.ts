import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Results } from '../../harness/model/results.js';
import type { Verdicts } from '../../harness/model/verdict.js';
import { readSamples, writeSamples } from '../../harness/store/samples.js';
import type { Defect } from '../engines/faults.js';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { DEFECTIVE } from './helpers/engines.js';
import { Workspace } from './helpers/workspace.js';

/**
 * Regression drills: a defect is planted in an engine, which says nothing of it. Each drill states which gate of a nightly
 * suite catches it, and that the verdict, and with it every report, names the cause.
 */
const suite = (builds: number) => `version: 1
name: drill
dataset: { path: ./points.npy, metric: l2 }
k: 10
repeat: 1
warmup: 0
builds: ${builds}
engines:
  - use: ${DEFECTIVE}
    index: { type: hnsw, m: 12, efConstruction: 60 }
    search: { ef: 80 }
gates:
  errors: total == 0
  returned.short: total == 0
  recall.ties@10: drop(baseline) < 0.2pt
  latency.p95: change(baseline) < 10%
`;
const [RECALL, LATENCY] = ['recall.ties@10: drop(baseline) < 0.2pt', 'latency.p95: change(baseline) < 10%'];

let work: Workspace;
let baseline: string;

beforeAll(async () => {
  work = new Workspace();
  work.write('points.npy', npy(randomVectors(3000, 24)));
  work.write('points.queries.npy', npy(randomVectors(600, 24, 2)));
  work.write('suite.yaml', suite(3));
  await vecproof(['run', 'suite.yaml'], work);
  baseline = work.runs[0]!;
  const { code, stderr } = await vecproof(['baseline', 'set', baseline], work);
  expect(code, stderr).toBe(0);
});

/** A night with the defect; returns its exit code, its verdicts by name, and its report. */
async function night(defect: Defect | 'none') {
  work.write('suite.yaml', suite(1));
  const place = { folder: work.folder, env: { DEFECT: defect } };
  const outcome = await vecproof(['run', 'suite.yaml'], place);
  const folder = join(work.folder, '.runs', work.runs.at(-1)!);
  const { verdicts } = JSON.parse(readFileSync(join(folder, 'verdicts.json'), 'utf8')) as Verdicts;
  const report = readFileSync(join(folder, 'report.html'), 'utf8');
  return { ...outcome, report, verdict: (name: string) => verdicts.find((each) => each.name === name)! };
}

describe('drills', () => {
  test('without a defect no gate fires', async () => {
    const { code, stdout, verdict } = await night('none');
    expect(code, stdout).toBe(0);
    expect(verdict(RECALL).state, verdict(RECALL).message).toBe('pass');
  });

  test.each<[Defect, RegExp]>([
    [
      'drops 1% of rows',
      /\d+ of \d+ points that the baseline finds .* are never returned .*: rows are missing/,
    ],
    ['swaps the metric', /of neighbouring hits are out of order .*: the engine ranks by another metric/],
    ['rounds vectors to int8', /scores differ from the distances .* by .*%.*: .* vectors of lower precision/],
    [
      'lowers ef',
      /the order and the scores of what was found are right.*: the search looks at fewer candidates/,
    ],
    ['returns duplicates', /answers repeat ids: 2% of all hits are duplicates/],
    [
      'returns stale rows after delete',
      /answers hold ids that are no points of the dataset: deleted or foreign rows/,
    ],
  ])('%s: the recall gate fails and names the cause', async (defect, cause) => {
    const { code, stdout, report, verdict } = await night(defect);
    const { state, message, findings } = verdict(RECALL);
    expect(state, message).toBe('fail');
    expect(code, stdout).toBe(1);
    expect(message).toMatch(cause);
    expect(findings[0]!.causes[0]).toMatch(cause);
    expect(report).toContain('likely cause: ');
  });

  test('drops 1% of rows and says so: the build fails, every gate has no data, and the report tells why', async () => {
    const { code, verdict, report } = await night('drops 1% of rows and says so');
    expect(code).toBe(3);
    expect(verdict(RECALL)).toMatchObject({ state: 'fail' });
    expect(verdict(RECALL).message).toMatch(
      /no data: .*the engine counts 2970 points after 3000 were loaded/,
    );
    expect(report).toContain('the engine counts 2970 points after 3000 were loaded');
  });

  test('adds 15% latency: the latency gate tells it as a warning', async () => {
    // Planted in the times of a run that was measured: those of a test machine differ by more from run to run.
    const slower = join(work.folder, '.runs', 'slower');
    cpSync(join(work.folder, '.runs', baseline), slower, { recursive: true });
    for (const name of work.files(join('.runs', 'slower', 'samples'))) {
      const samples = await readSamples(join(work.folder, name), 10);
      samples.answered = samples.answered.map((at, i) => samples.sent[i]! + 1.15 * (at - samples.sent[i]!));
      writeSamples(join(work.folder, name), samples);
    }
    const { code, stdout } = await vecproof(['gate', 'slower', '--baseline', baseline, '--json'], work);
    expect(code).toBe(0);
    const found = (JSON.parse(stdout) as Verdicts).verdicts.find(({ name }) => name === LATENCY)!;
    expect(found).toMatchObject({ level: 'warn', found: expect.stringContaining('+15%') });
    expect(['fail', 'inconclusive']).toContain(found.state);
  });

  test('adds 15% latency, both builds in one run: the gate on pairs of builds fails', async () => {
    const place = new Workspace();
    place.write('points.npy', npy(randomVectors(600, 12)));
    place.write('points.queries.npy', npy(randomVectors(200, 12, 2)));
    place.write('suite.yaml', SIDE_BY_SIDE);
    const { code, stderr } = await vecproof(['run', 'suite.yaml'], place);
    expect([0, 1], stderr).toContain(code);
    const results = JSON.parse(place.read('results.json')) as Results;
    // Built in turn, and the pair is the unit.
    expect(results.trials.map(({ id }) => id.replace('-m8-efConstruction40-ef40', ''))).toEqual([
      'old',
      'new',
      'new~2',
      'old~2',
      'old~3',
      'new~3',
    ]);
    // Of one pass there is no interval: it is over the three builds, and so the same for each of them.
    for (const name of ['throughput', 'build.seconds']) {
      const ends = (label: string) =>
        results.trials
          .filter(({ series }) => series === label)
          .map(({ measures: { [name]: m } }) => [m!.low, m!.high, m!.value > m!.low! && m!.value < m!.high!]);
      for (const label of ['old', 'new'])
        expect(new Set(ends(label).map(String)), `${name} of ${label}`).toEqual(
          new Set([`${ends(label)[0]!.slice(0, 2)},true`]),
        );
    }
    expect(results.parity![0]!.rows[0]!.measures['parity.latency']).toMatchObject({
      n: 3,
      low: expect.any(Number),
    });
    expect(results.parity![0]!.floor).toMatchObject({ state: 'measured', builds: 2 });
    // Planted in the times of that run: those of a test machine differ by more. Builds differ by up to 0.4%.
    const judged = async (ratio: number) => {
      for (const [i, each] of ['', '~2', '~3'].entries()) {
        const samplesOf = (name: string) =>
          place.run(
            'samples',
            `${results.trials.find(({ id }) => id.includes(name) && id.endsWith(each))!.id}.parquet`,
          );
        for (const [name, factor] of [
          ['old', 1 + 0.002 * i],
          ['new', ratio * (1 + 0.002 * (i % 2))],
        ] as const) {
          const samples = await readSamples(samplesOf(name), 10);
          samples.answered = samples.sent.map((at, q) => at + factor * (1 + (q % 7)));
          writeSamples(samplesOf(name), samples);
        }
      }
      const outcome = await vecproof(['gate', place.runs[0]!, '--json'], place);
      return { code: outcome.code, verdict: (JSON.parse(outcome.stdout) as Verdicts).verdicts[0]! };
    };
    const slow = await judged(1.15);
    expect(slow.verdict).toMatchObject({ state: 'fail', found: expect.stringMatching(/^1\.1[45]/) });
    expect(slow.code).toBe(1);
    expect(await judged(1)).toMatchObject({ code: 0, verdict: { state: 'pass' } });
  });
});

const SIDE_BY_SIDE = `version: 1
name: side-by-side
dataset: { path: ./points.npy, metric: l2 }
k: 10
repeat: 1
warmup: 0
builds: 3
engines:
  - { use: hnswlib, label: old, index: { type: hnsw, m: 8, efConstruction: 40 }, search: { ef: 40 } }
  - { use: hnswlib, label: new, index: { type: hnsw, m: 8, efConstruction: 40 }, search: { ef: 40 } }
parity: { name: speed, reference: old, candidate: new }
gates:
  parity.latency{parity:speed}: mean <= 1.1
`;
