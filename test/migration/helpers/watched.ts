import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Collection } from '../../../engines/contract/collection.js';
import type { Point } from '../../../engines/contract/points.js';
import { Random } from '../../../harness/measures/random.js';
import { Monitor, type MonitorOptions } from '../../../migration/monitor/monitor.js';
import { type LocalEngine, SPEC, withCollection, writeCollection } from './collection.js';
import { Migration } from './plan.js';

const TEAMS = ['red', 'green', 'blue'];

/** Points of three teams, each as likely near a query as any other. */
export function teamPoints(count: number, seed = 1, from = 0): Point[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, i) => ({
    id: `doc-${from + i}`,
    vectors: { vector: direction(random, 8) },
    metadata: { team: TEAMS[i % 3]!, n: i },
  }));
}

export function direction(random: Random, dimensions: number): Float32Array {
  const uniform = () => (random.uint32() + 0.5) / 2 ** 32;
  const values = Float32Array.from(
    { length: dimensions },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
  const length = Math.hypot(...values);
  return values.map((each) => each / length);
}

export const TEAM_SPEC = {
  vectors: [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: 8, metric: 'cosine' }],
  fields: [
    { name: 'team', type: 'string', nullable: true },
    { name: 'n', type: 'integer', nullable: true },
  ],
  text: false,
  uri: false,
} as const;

/**
 * A finished migration of these points, with queries of its application, to be watched.
 * @param target a local engine, or a place on a server
 */
export async function watchedMigration(
  home: string,
  {
    source,
    target,
    points,
    index = 'flat',
    rest = '',
  }: { source: LocalEngine; target: string; points: number; index?: string; rest?: string },
): Promise<Migration> {
  const migration = new Migration(home);
  await writeCollection(source, join(home, 'source'), teamPoints(points), TEAM_SPEC);
  const random = new Random(9);
  const lines = Array.from({ length: 120 }, (_, i) => {
    const vector = Array.from(direction(random, 8));
    const filtered = i % 2 === 0 ? { filter: { team: TEAMS[i % 3] }, group: 'tenant' } : {};
    return JSON.stringify({ id: `q${i}`, vector, ...filtered });
  });
  writeFileSync(join(home, 'queries.jsonl'), lines.join('\n'));
  writeFileSync(join(home, 'thresholds.yaml'), 'version: 1\nk: 5\ngates: { recall.ties@5: mean >= 0.1 }\n');
  migration.plan(
    `${source}:./source#docs`,
    target.includes('#') ? target : `${target}:./target#docs`,
    `queries: ./queries.jsonl\nmap: { index: { type: ${index} } }\nparity: { thresholds: ./thresholds.yaml }\n${rest}`,
  );
  const view = await migration.runThrough();
  if (view.state !== 'ready')
    throw new Error(JSON.stringify(view.stages.map(({ name, state, why }) => [name, state, why])));
  return migration;
}

export function openMonitor(migration: Migration, options: Partial<MonitorOptions> = {}): Promise<Monitor> {
  return Monitor.open({
    plan: 'plan.yaml',
    home: migration.home,
    cwd: migration.home,
    env: process.env,
    signal: new AbortController().signal,
    hide: () => {},
    ...options,
  });
}

/** Changes a side as its owner would. */
export function changeSide(
  migration: Migration,
  engine: LocalEngine,
  side: 'source' | 'target',
  use: (collection: Collection) => Promise<void>,
): Promise<void> {
  return withCollection(engine, join(migration.home, side), 'open', use, { name: SPEC.name });
}

/** As the command makes them. */
export function baseOptions({ home }: Migration): MonitorOptions {
  return {
    plan: 'plan.yaml',
    home,
    cwd: home,
    env: process.env,
    signal: new AbortController().signal,
    hide: () => {},
  };
}
