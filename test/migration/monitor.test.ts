import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { MonitorView } from '../../migration/monitor/model.js';
import type { Monitor, MonitorOptions } from '../../migration/monitor/monitor.js';
import { replay } from '../../migration/monitor/replay.js';
import { Migration } from './helpers/plan.js';
import { baseOptions, changeSide, openMonitor, teamPoints, watchedMigration } from './helpers/watched.js';

const POINTS = 240;
const MONITOR = 'monitor: { queries: 120, k: 5, lag: 60s }\n';

let root: string;
/** sqlite-vec to LanceDB, finished and verified, to be copied. */
let done: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'vecproof-monitor-'));
  done = join(root, 'done');
  await watchedMigration(done, { source: 'sqlite-vec', target: 'lancedb', points: POINTS, rest: MONITOR });
}, 180_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

let copies = 0;
function copyOfDone(): Migration {
  const home = join(root, `copy-${++copies}`);
  cpSync(done, home, { recursive: true });
  return new Migration(home);
}

const open: Monitor[] = [];
afterEach(async () => {
  for (const monitor of open.splice(0)) await monitor.close();
});
async function watch(migration: Migration, options: Partial<MonitorOptions> = {}): Promise<Monitor> {
  const monitor = await openMonitor(migration, options);
  open.push(monitor);
  return monitor;
}

const gate = (view: MonitorView, name: string) => view.gates.find((each) => each.name === name)!;
const alerts = ({ alerts: list }: MonitorView) => list.map(({ gate: name, to }) => [name, to]);

/** Everything below a folder of the user's, byte by byte. */
function contents(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(files.map((path) => [path, readFileSync(path).toString('base64')]));
}

describe('a watch', () => {
  test('of two equal sides is quiet, writes nothing to the source, and leaves no marker', async () => {
    const migration = copyOfDone();
    const before = contents(join(migration.home, 'source'));
    const monitor = await watch(migration);
    const view = await monitor.round();
    expect(view.alerts).toEqual([]);
    expect(view.totals).toMatchObject({ asked: 120, compared: 120, apart: 0, failedTarget: 0, markers: 1 });
    expect(gate(view, 'overlap')).toMatchObject({ verdict: 'gathering', value: 1, observed: 120 });
    expect(gate(view, 'never')).toMatchObject({ verdict: 'pass', value: 0 });
    expect(gate(view, 'signal.click')).toMatchObject({ verdict: 'not measured' });
    expect(view.tenants.map(({ tenant }) => tenant).sort()).toEqual(['blue', 'green', 'red']);
    expect(view.rounds[0]!.visible).toBeGreaterThan(0);
    expect(view.rounds[0]!.noise).toBe(1);
    expect(view.places).toMatchObject({ source: { points: POINTS }, target: { points: POINTS } });
    expect(contents(join(migration.home, 'source'))).toEqual(before);
    await changeSide(migration, 'lancedb', 'target', async (collection) => {
      expect(await collection.count()).toBe(POINTS);
    });
  });

  test('finds planted drift, once each: lost hits with row and cause, and what is served although deleted', async () => {
    const migration = copyOfDone();
    let now = Date.parse('2026-11-28T12:00:00Z');
    const options = { now: () => now };
    const first = await watch(migration, options);
    await first.round();
    await first.close();
    open.pop();
    // Vectors of the target go stale (a re-embedding that only one side has seen), and rows are deleted in the source alone.
    const stale = teamPoints(POINTS, 77).filter((_, i) => i % 3 === 0);
    // Others are lost in the target alone.
    const lost = Array.from({ length: 10 }, (_, i) => `doc-${3 * i + 2}`);
    await changeSide(migration, 'lancedb', 'target', async (collection) => {
      await collection.points!.upsert(stale);
      await collection.points!.delete(lost);
    });
    const deleted = ['doc-1', 'doc-4', 'doc-7', 'doc-10', 'doc-13', 'doc-16'];
    await changeSide(migration, 'sqlite-vec', 'source', (collection) => collection.points!.delete(deleted));
    // Another process goes on from the state of the first.
    const monitor = await watch(migration, options);
    const early = await monitor.round();
    expect(early.totals.rounds).toBe(2);
    expect(alerts(early), 'found in the first round after the change').toContainEqual(['overlap', 'fail']);
    expect([early.findings, early.missing], 'deletions may be a matter of time').toEqual([[], []]);
    expect(early.pending).toBeGreaterThan(0);
    const alert = early.alerts.find((each) => each.gate === 'overlap')!;
    expect(alert.cause).toContain('the vector in the target is another one than in the source');
    expect(alert.rows[0]).toMatch(/^s:doc-\d+$/);
    expect(alert.command).toBe(`vecproof monitor plan.yaml --replay ${alert.id}`);
    now += 61_000;
    const late = await monitor.round();
    expect(
      alerts(late).filter(([name]) => name === 'overlap'),
      'not raised again',
    ).toHaveLength(1);
    expect(alerts(late)).toContainEqual(['never', 'fail']);
    expect(alerts(late)).toContainEqual(['missing', 'fail']);
    const missing = late.alerts.find((each) => each.gate === 'missing')!;
    expect(missing.cause).toContain('that the target has not');
    expect(lost.map((id) => `s:${id}`)).toEqual(expect.arrayContaining(missing.rows));
    expect(late.missing.map(({ row }) => row)).toEqual(missing.rows);
    expect((await replay({ ...baseOptions(migration), ...options }, missing.id)).still.join('\n')).toContain(
      'the target does not hold s:doc-',
    );
    expect(late.state).toBe('alarm');
    expect(deleted.map((id) => `s:${id}`)).toContain(late.findings[0]!.row);
    expect(late.findings[0]!.kind).toBe('deleted');

    const again = await replay({ ...baseOptions(migration), ...options }, alert.id);
    expect(again.answers.length).toBeGreaterThan(0);
    expect(again.still.join('\n')).toContain('the target does not return s:doc-');

    // It is put right: the alarms end, each with one alert.
    await changeSide(migration, 'lancedb', 'target', async (collection) => {
      await collection.points!.upsert(teamPoints(POINTS));
      await collection.points!.delete(deleted);
    });
    let view = late;
    for (let i = 0; i < 4 && view.state === 'alarm'; i++) view = await monitor.round();
    expect(alerts(view)).toContainEqual(['overlap', 'pass']);
    expect(alerts(view)).toContainEqual(['never', 'pass']);
    expect(alerts(view)).toContainEqual(['missing', 'pass']);
    const lines = migration.read('monitor', 'alerts.jsonl').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).id)).toEqual(view.alerts.map(({ id }) => id));
    expect((await replay({ ...baseOptions(migration), ...options }, alert.id)).still).toEqual([]);
  });

  test('takes for missing what is missing once the load is over', async () => {
    const migration = copyOfDone();
    let now = Date.parse('2026-11-28T12:00:00Z');
    const load = JSON.parse(migration.read('load', 'load.json'));
    const loading = (state: string) =>
      writeFileSync(migration.path('load', 'load.json'), JSON.stringify({ ...load, state }));
    loading('loading');
    const gone = teamPoints(POINTS, 1).slice(0, 60);
    await changeSide(migration, 'lancedb', 'target', (collection) =>
      collection.points!.delete(gone.map(({ id }) => id)),
    );
    const monitor = await watch(migration, { now: () => now });
    const round = async () => {
      now += 61_000;
      return monitor.round();
    };
    await round();
    const early = await round();
    expect([early.missing, early.pending]).toEqual([[], 0]);
    loading('loaded');
    await round();
    expect(alerts(await round())).toContainEqual(['missing', 'fail']);
  });

  test('outlives its target, and a crash with a marker left behind', async () => {
    const migration = copyOfDone();
    const monitor = await watch(migration);
    const target = join(migration.home, 'target');
    cpSync(target, `${target}.away`, { recursive: true });
    rmSync(target, { recursive: true });
    const down = await monitor.round();
    expect(down.places.target).toMatchObject({
      state: 'down',
      why: expect.stringContaining('no such folder'),
    });
    expect(down.totals).toMatchObject({ asked: 0, notAsked: 120 });
    expect(gate(down, 'overlap').verdict).toBe('not measured');
    expect(existsSync(target), 'nothing is made in its place').toBe(false);
    cpSync(`${target}.away`, target, { recursive: true });
    await changeSide(migration, 'lancedb', 'target', (collection) =>
      collection.points!.upsert([
        { id: 'vecproof-marker-0', vectors: teamPoints(1, 5)[0]!.vectors, metadata: {} },
      ]),
    );
    await monitor.close();
    open.pop();
    const state = JSON.parse(migration.read('monitor', 'state.json'));
    state.markers = [{ id: 'vecproof-marker-0', kind: 'string' }];
    writeFileSync(migration.path('monitor', 'state.json'), JSON.stringify(state));
    const next = await watch(migration);
    const view = await next.round();
    expect(view.places.target).toMatchObject({ state: 'answers', points: POINTS });
  });

  test('excludes a second one, wants a mapping, and takes no state that is none', async () => {
    const migration = copyOfDone();
    writeFileSync(migration.path('monitor.txt'), '');
    cpSync(migration.path('monitor.txt'), migration.path('monitor', '.lock'), { recursive: true });
    writeFileSync(migration.path('monitor', '.lock'), '1 \n');
    await expect(openMonitor(migration)).rejects.toThrow('is watched by process 1 already');
    rmSync(migration.path('monitor', '.lock'));
    writeFileSync(migration.path('monitor', 'state.json'), '{"version": 1');
    await expect(openMonitor(migration)).rejects.toThrow('is not the state of a watch');
    rmSync(migration.path('mapping.yaml'));
    await expect(openMonitor(migration)).rejects.toThrow('the migration has no mapping');
    expect(existsSync(migration.path('monitor', '.lock'))).toBe(false);
  });
});
