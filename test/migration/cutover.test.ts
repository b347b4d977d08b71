import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Collection } from '../../engines/contract/collection.js';
import type { Point } from '../../engines/contract/points.js';
import { CollectionTarget } from '../../migration/changes/collection-target.js';
import { PostgresFlags } from '../../migration/changes/postgres/flags.js';
import { PostgresChangeLog } from '../../migration/changes/postgres/log.js';
import { PostgresVersions } from '../../migration/changes/postgres/versions.js';
import { DualWriter } from '../../migration/cutover/dual-writer.js';
import { LogFirstOutbox } from '../../migration/cutover/outbox.js';
import type { LiveRecord } from '../../migration/parity/live.js';
import { followMigration, openPlan } from '../../migration/plan/migrate.js';
import { type OpenLog, openLog } from '../../migration/plan/open-log.js';
import type { MigrationView } from '../../migration/plan/view.js';
import { makeLog } from './helpers/change-log.js';
import { somePoints, withCollection, writeCollection } from './helpers/collection.js';
import { Migration } from './helpers/plan.js';

const POINTS = somePoints(40);
const REST = `verify: { against: export }
queries: ./queries.jsonl
parity: { thresholds: ./thresholds.yaml }
cutover:
  log: ./log
  shadow: { queries: 10 }
  ramp: { shares: [0.5, 1], reads: 10 }
  observe: { hours: 0 }
`;

/** Of what somebody else does meanwhile. */
const WAIT = { timeout: 60_000, interval: 100 };

let home: string;
let migration: Migration;
let shared: OpenLog;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'vecproof-cutover-'));
  await writeCollection('sqlite-vec', join(home, 'source'), POINTS);
  migration = new Migration(home);
  const queries = POINTS.map(({ vectors }, i) => {
    const vector = Array.from(vectors['vector'] as Float32Array, (each) => each + 0.01);
    return `${JSON.stringify({ id: `q${i}`, vector })}\n`;
  });
  writeFileSync(join(home, 'queries.jsonl'), queries.join(''));
  writeFileSync(join(home, 'thresholds.yaml'), 'version: 1\nk: 5\ngates: { recall.ties@5: mean >= 0.8 }\n');
  migration.plan('sqlite-vec:./source#docs', 'lancedb:./lance#docs', REST);
  // The application makes it before; here it is open all the time, and the commands share it.
  await makeLog(join(home, 'log'));
  const surroundings = { cwd: home, env: process.env, signal: new AbortController().signal };
  const options = { plan: 'plan.yaml', cwd: home, env: process.env, hide: () => {} };
  const parsed = await openPlan({ ...options, home, signal: surroundings.signal });
  shared = await openLog({ parsed, surroundings });
});
afterAll(async () => {
  await shared.close();
  rmSync(home, { recursive: true, force: true });
});

test('a folder without a database is no log, and none is made in it', async () => {
  const folder = join(home, 'empty');
  mkdirSync(folder);
  const surroundings = { cwd: home, env: process.env, signal: new AbortController().signal };
  const options = { plan: 'plan.yaml', cwd: home, env: process.env, hide: () => {} };
  const parsed = await openPlan({ ...options, home, signal: surroundings.signal });
  const plan = { ...parsed.plan, cutover: { ...parsed.plan.cutover!, log: './empty' } };
  await expect(openLog({ parsed: { ...parsed, plan }, surroundings })).rejects.toThrow(
    'there is no change log',
  );
  expect(readdirSync(folder)).toEqual([]);
});

interface Application {
  writer: DualWriter;
  flags: PostgresFlags;
}

/** The application, between two commands, with the log that they share. */
async function application(use: (app: Application) => Promise<void>): Promise<void> {
  const database = await shared.database();
  await withCollection('sqlite-vec', join(home, 'source'), 'open', async ({ points }: Collection) => {
    const log = await PostgresChangeLog.open(database);
    const flags = await PostgresFlags.open(database);
    const versions = await PostgresVersions.open(database, 'source');
    const primary = new CollectionTarget({ place: 'source', points: points!, versions });
    const writer = await DualWriter.open({
      outbox: new LogFirstOutbox({ log, primary }),
      flags,
      direct: () => Promise.reject(new Error('nothing goes past the log here')),
      instance: 'api-1',
    });
    await use({ writer, flags });
  });
}

const changed = (point: Point, name: string): Point => ({ ...point, metadata: { ...point.metadata, name } });
const reads = (target: number, failed = 0) =>
  JSON.stringify({ source: { answered: 100, failed: 0 }, target: { answered: target, failed } });
const accept = (...ids: string[]) => migration.run({ accept: ids, reason: 'a test' });

const stateOf = ({ stages }: MigrationView, name: string) => stages.find((stage) => stage.name === name)!;
const ids = ({ decisions }: MigrationView) => decisions.map(({ id }) => id);

/** One migration from beginning to end; each step is what people do next. */
test('a plan goes on through capture, synchronise, shadow, ramp, observe and finish', async () => {
  await expect(migration.run({ command: 'rollback', reason: 'too early' })).rejects.toThrow(
    'captured nothing yet',
  );
  const early = await migration.run();
  expect(early.state).toBe('under-way');
  expect(early.answer).toContain('each instance calls captureOn("docs")');
  expect(stateOf(early, 'export').attempts, 'nothing is read before').toBe(0);

  await application(async ({ writer }) => void (await writer.captureOn('docs')));
  expect((await migration.run()).decisions).toMatchObject([{ stage: 'capture', id: 'writers' }]);
  // The source goes on: what was written since is not in the truth that the copy is held to.
  await application(async ({ writer }) => void (await writer.upsert('docs', changed(POINTS[35]!, 'early'))));
  const synchronised = await accept('writers');
  const { places } = JSON.parse(migration.read('parity.json')) as { places: LiveRecord };
  expect(places.written!.length).toBeGreaterThanOrEqual(1);
  expect(places.queries).toMatchObject({ all: 40, compared: 40 - places.written!.length });
  expect(stateOf(synchronised, 'parity').says).toBe(
    `${places.queries.compared} of 40 queries compared, 1 of 1 threshold met`,
  );
  // The target is asked by nobody until somebody has agreed.
  expect(synchronised.decisions).toMatchObject([{ stage: 'synchronise', id: 'shadow' }]);
  await application(async ({ flags }) => expect(await flags.get('shadow')).toBeNull());

  // After the snapshot: an update, a deletion and a new row, of which the copy knows nothing.
  await application(async ({ writer }) => {
    await writer.upsert('docs', changed(POINTS[0]!, 'updated'));
    await writer.delete('docs', POINTS[1]!.id);
    await writer.upsert('docs', { ...changed(POINTS[2]!, 'new'), id: 'new' });
  });
  const shadow = await migration.run({
    accept: ['shadow'],
    again: ['synchronise'],
    reason: 'the application may ask it',
  });
  expect(shadow.state).toBe('under-way');
  await application(async ({ flags }) => expect(await flags.get('shadow')).toBe('on'));
  expect(stateOf(shadow, 'synchronise').says).toBe('4 rows changed since capture, all equal on both sides');
  const hasWhatWasWritten = () =>
    withCollection('lancedb', join(home, 'lance'), 'open', async ({ points }) => {
      const [first, gone, fresh] = [POINTS[0]!.id, POINTS[1]!.id, 'new'];
      const found = await points!.get([first, gone, fresh]);
      expect(found.map(({ id, metadata }) => [id, metadata['name']])).toEqual([
        [first, 'updated'],
        [fresh, 'new'],
      ]);
    });
  await hasWhatWasWritten();

  // Loaded anew from the same copy, it knows nothing of what was applied before: the log begins again.
  await migration.run({ again: ['load'], reason: 'a doubt' });
  const anew = await accept('replace-target');
  expect([anew.state, stateOf(anew, 'synchronise').state]).toEqual(['under-way', 'done']);
  await hasWhatWasWritten();

  await application(({ flags }) =>
    flags.set('shadow:api-1', JSON.stringify({ answered: 50, candidate: { n: 20, mean: 0.8 }, left: {} })),
  );
  const disagreed = await migration.run();
  expect([disagreed.state, stateOf(disagreed, 'shadow').why]).toEqual([
    'failed',
    'answers agree by 0.800 in the mean of 20 comparisons, which is below 0.95',
  ]);
  await application(({ flags }) =>
    flags.set('shadow:api-1', JSON.stringify({ answered: 50, candidate: { n: 20, mean: 0.99 }, left: {} })),
  );

  // Rows that no log names are others by now: touched rows are equal, and answers are not.
  const victims = POINTS.slice(3, 30);
  const target = (rows: readonly Point[]) =>
    withCollection('lancedb', join(home, 'lance'), 'open', ({ points }) => points!.upsert(rows));
  const vector = Float32Array.from([1, -1, 1, -1, 1, -1]);
  await target(victims.map((row) => ({ ...row, vectors: { vector } })));
  const unequal = await migration.run();
  expect([unequal.state, stateOf(unequal, 'confirm').why]).toEqual([
    'failed',
    expect.stringMatching(/^thresholds are not met: recall/),
  ]);
  expect(stateOf(unequal, 'ramp').attempts).toBe(0);
  await target(victims);

  const half = await migration.run();
  expect(stateOf(half, 'confirm').says).toBe('40 of 40 queries compared, 1 of 1 threshold met');
  expect(ids(half)).toEqual(['ramp:50']);
  expect(half.decisions[0]!.details[0]).toBe('the source has all 4 rows that were written through the log');
  const ramping = await accept('ramp:50');
  expect(ramping.answer).toContain('the target answers 50% of reads since now');

  // Reads fail: the source answers all again, by itself.
  await application(async ({ flags }) => {
    expect(JSON.parse((await flags.get('ramp'))!)).toEqual({ share: 0.5 });
    await flags.set('reads:api-1', reads(5, 5));
  });
  const fallen = await migration.run();
  expect(fallen.state).toBe('failed');
  await application(async ({ flags }) =>
    expect(JSON.parse((await flags.get('ramp'))!)).toMatchObject({ share: 0 }),
  );
  expect((await migration.run()).answer).toContain('Ramp failed');

  expect(ids(await migration.run({ again: ['ramp'], reason: 'corrected' }))).toEqual(['ramp:50']);
  await accept('ramp:50');
  await application(({ flags }) => flags.set('reads:api-1', reads(40, 5)));
  expect(ids(await migration.run())).toEqual(['ramp:100']);
  await accept('ramp:100');
  await application(({ flags }) => flags.set('reads:api-1', reads(80, 5)));

  const paused = await migration.run({ command: 'pause', reason: 'a night' });
  expect(paused.state).toBe('paused');
  expect((await migration.run()).state).toBe('paused');
  const observed = await migration.run({ command: 'resume', reason: 'morning' });
  expect(ids(observed)).toEqual(['finish']);

  // Back once more before the end: the source has everything, and says so.
  const back = await migration.run({ command: 'rollback', reason: 'drill' });
  expect(migration.notices.at(-1)).toContain('the source has all 4 rows');
  expect([back.state, stateOf(back, 'ramp').why]).toEqual([
    'failed',
    'it was rolled back by tester: drill; --again ramp begins it anew',
  ]);
  expect(migration.events.filter(({ type }) => type === 'rolled-back')).toHaveLength(1);
  expect((await migration.run()).state, 'it does not go on by itself').toBe('failed');

  const rampedUp = async (from: number) => {
    await migration.run({ again: ['ramp'], reason: 'after the drill' });
    await accept('ramp:50');
    await application(({ flags }) => flags.set('reads:api-1', reads(from, 5)));
    await migration.run();
    await accept('ramp:100');
    await application(({ flags }) => flags.set('reads:api-1', reads(from + 40, 5)));
    return migration.run();
  };
  expect(ids(await rampedUp(120))).toEqual(['finish']);
  expect((await accept('finish')).state).toBe('finished');
  await application(async ({ flags }) => expect(await flags.get('finished')).not.toBe(''));

  // Even then, as long as the source has every write; and what says that it is over is taken back.
  const late = await migration.run({ command: 'rollback', reason: 'too slow' });
  expect(late.state).toBe('failed');
  await application(async ({ flags }) => {
    expect(await flags.get('finished')).toBe('');
    expect(JSON.parse((await flags.get('ramp'))!)).toEqual({ share: 0, rolledBack: 'too slow' });
  });
});

test('a migration that is followed has in its target what is written, and not while it is paused', async () => {
  const stop = new AbortController();
  const told: boolean[] = [];
  const options = { plan: 'plan.yaml', home, cwd: home, env: process.env, hide: () => {} };
  const following = followMigration(
    { ...options, signal: stop.signal },
    ({ paused }) => told.push(paused),
    () => {},
  );
  const log = await PostgresChangeLog.open(await shared.database());
  /** Resolves with the position of the change in the log. */
  const write = async (name: string): Promise<bigint> => {
    let position = 0n;
    await application(async ({ writer }) => {
      const receipt = await writer.upsert('docs', changed(POINTS[5]!, name));
      if ('position' in receipt) position = receipt.position;
    });
    return position;
  };
  const isApplied = async (position: bigint) => ((await log.cursor('target')) ?? 0n) >= position;
  const applied = (position: bigint) =>
    vi.waitFor(async () => expect(await isApplied(position)).toBe(true), WAIT);
  await applied(await write('followed'));
  await migration.run({ command: 'pause', reason: 'a night' });
  await vi.waitFor(() => expect(told.at(-1)).toBe(true), WAIT);
  const later = await write('while paused');
  expect(await isApplied(later)).toBe(false);
  // What comes after "resume" is the next stage: here nothing is left of them but the ramp that was rolled back.
  await migration.run({ command: 'resume', reason: 'morning' });
  await applied(later);
  stop.abort();
  await following;
  await withCollection('lancedb', join(home, 'lance'), 'open', async ({ points }) => {
    const [row] = await points!.get([POINTS[5]!.id]);
    expect(row!.metadata['name']).toBe('while paused');
  });
});
