import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Points } from '../../engines/contract/points.js';
import { loadEngine } from '../../engines/registry.js';
import { replay } from '../../migration/monitor/replay.js';
import { findServer, serverOf } from '../conformance/servers.js';
import { baseOptions, openMonitor, teamPoints, watchedMigration } from './helpers/watched.js';

const never = new AbortController().signal;
const POINTS = 240;
const ENGINES = (process.env['MONITOR_ENGINES'] ?? 'qdrant').split(',');
const found = await Promise.all(
  ENGINES.map(async (name) => {
    const definition = await loadEngine(name);
    return { name, definition, server: await findServer(definition) };
  }),
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vecproof-monitor-servers-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(found)('a watch of $name on its server', ({ name, definition, server }) => {
  test.skipIf(server.state === 'missing')(
    'finds planted drift, once, with rows and cause, and leaves no marker',
    async () => {
      const { endpoint, mode } = await serverOf(definition);
      const collection = `vecproof_watched_${process.pid}`;
      const migration = await watchedMigration(join(folder, name), {
        source: 'sqlite-vec',
        target: `${name}:http://${endpoint.host}:${endpoint.port}#${collection}`,
        index: name === 'chroma' ? 'hnsw' : 'flat',
        points: POINTS,
        rest: 'monitor: { queries: 60, k: 5, lag: 20s }\n',
      });
      const connected = await definition.connect(
        { endpoint, mode, folder: join(folder, name), threads: 1, seed: 0 },
        never,
      );
      const changing = async (use: (points: Points) => Promise<void>) =>
        use((await connected.open!(collection)).points!);
      let now = Date.parse('2026-11-28T12:00:00Z');
      const options = { now: () => now };
      const monitor = await openMonitor(migration, options);
      try {
        const quiet = await monitor.round();
        expect(quiet.markers).toEqual({ state: 'on', why: expect.stringContaining('made by vecproof') });
        expect(quiet.alerts).toEqual([]);
        expect(quiet.totals).toMatchObject({ compared: 60, apart: 0, failedTarget: 0, markers: 1 });
        await changing(async (points) => {
          expect((await points.describe()).count, 'no marker is left').toBe(POINTS);
          // Vectors that only one side has made anew, rows that only one side has lost, and a field that went stale.
          await points.upsert(teamPoints(POINTS, 77).filter((_, i) => i % 3 === 0));
          await points.delete(['doc-1', 'doc-4', 'doc-7', 'doc-10', 'doc-13', 'doc-16']);
          const moved = teamPoints(POINTS).filter((_, i) => i % 6 === 2);
          await points.upsert(
            moved.map((each) => ({ ...each, metadata: { ...each.metadata, team: 'red' } })),
          );
        });
        let view = quiet;
        for (let i = 0; i < 3; i++) {
          view = await monitor.round();
          now += 21_000;
        }
        const failed = view.alerts.map(({ gate, to }) => `${gate} ${to}`);
        expect(failed).toEqual([...new Set(failed)]);
        expect(failed).toEqual(expect.arrayContaining(['overlap fail', 'missing fail', 'never fail']));
        const of = (gate: string) => view.alerts.find((each) => each.gate === gate)!;
        expect(of('overlap').cause).toContain('the vector in the target is another one than in the source');
        expect(of('missing').rows.every((row) => /^s:doc-(1|4|7|10|13|16)$/.test(row))).toBe(true);
        expect(of('never').cause).toMatch(/leak|violation/);
        for (const gate of ['overlap', 'missing', 'never']) {
          const again = await replay({ ...baseOptions(migration), ...options }, of(gate).id);
          expect(again.still.length, of(gate).command).toBeGreaterThan(0);
        }
        await changing(async (points) => {
          expect((await points.describe()).count).toBe(POINTS - 6);
          await points.upsert(teamPoints(POINTS));
        });
        const wanted = ['overlap', 'missing', 'never'];
        const failing = () =>
          view.gates.filter(({ name: own, verdict }) => wanted.includes(own) && verdict === 'fail');
        for (let i = 0; i < 6 && failing().length > 0; i++) {
          now += 21_000;
          view = await monitor.round();
        }
        expect(failing()).toEqual([]);
        expect((await replay({ ...baseOptions(migration), ...options }, of('missing').id)).still).toEqual([]);
      } finally {
        await monitor.close();
        await connected.close();
      }
    },
    300_000,
  );
});
