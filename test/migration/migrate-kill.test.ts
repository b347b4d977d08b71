import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { packageRoot } from '../../common/paths.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Point } from '../../engines/contract/points.js';
import { CollectionTarget } from '../../migration/changes/collection-target.js';
import { PostgresVersions } from '../../migration/changes/postgres/versions.js';
import { DualWriter } from '../../migration/cutover/dual-writer.js';
import { LogFirstOutbox } from '../../migration/cutover/outbox.js';
import { readMapping } from '../../migration/mapping/mapping.js';
import type { StageName } from '../../migration/plan/events.js';
import { migrationStatus, openPlan } from '../../migration/plan/migrate.js';
import { openLog } from '../../migration/plan/open-log.js';
import { verify } from '../../migration/verify/verify.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { makeLog } from './helpers/change-log.js';
import { somePoints, withCollection, writeCollection } from './helpers/collection.js';
import { Migration } from './helpers/plan.js';
import { seeded } from './helpers/seeded.js';

/** In each of these stages the command is killed so often; `VECPROOF_KILLS=20` for a thorough run. */
const KILLS = Number(process.env['VECPROOF_KILLS'] ?? 1);
const SEED = Number(process.env['VECPROOF_SEED'] ?? 13);
const KILLED: readonly StageName[] = [
  ...([
    'export',
    'load',
    'capture',
    'synchronise',
    'shadow',
    'confirm',
    'ramp',
    'observe',
    'finish',
  ] as const),
];
/** A kill is this long behind the moment at which the stage has begun, at most; milliseconds. */
const LATEST = 400;
const POINTS = somePoints(1000);
const SHARES = [0.5, 1];
const PLAN = `verify: { against: export }
queries: ./queries.jsonl
parity: { thresholds: ./thresholds.yaml }
export: { partRows: 250, batch: 125 }
load: { batch: 100 }
map: { index: { type: flat }, fields: { name: title } }
cutover:
  log: ./log
  writers: [api-1]
  shadow: { queries: 10 }
  ramp: { shares: [${SHARES.join(', ')}], reads: 10 }
  observe: { hours: 0 }
`;
const { VECPROOF_HOME: _, ...ENV } = process.env;

/** Runs the command to its end, or kills it as soon as something is so. @returns its exit code, null: it was killed */
async function runOnce(home: string, args: readonly string[], isDue?: () => Promise<void>) {
  const program = join(packageRoot, 'dist/cli/program.js');
  const child = spawn(process.execPath, [program, 'migrate', 'plan.yaml', ...args], {
    cwd: home,
    env: { ...ENV, VECPROOF_HOME: home },
    // A group of its own: the command's processes are killed together.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  if (isDue !== undefined && (await Promise.race([isDue(), ended])) === undefined)
    process.kill(-child.pid!, 'SIGKILL');
  const [code] = await ended;
  return { code, stderr };
}

/** The application: it writes through its log to the source while no command runs, as the log is a PGlite here. */
class Application {
  /** As they were acknowledged. */
  readonly rows = new Map<PointId, Point>(POINTS.map((point) => [point.id, point]));
  readonly #home: string;
  readonly #random: () => number;
  #writes = 0;
  #reads = 0;

  constructor(home: string, random: () => number) {
    this.#home = home;
    this.#random = random;
  }

  /** What the stage waits for, and a few writes. */
  async before(stage: StageName): Promise<void> {
    const options = { cwd: this.#home, env: process.env, signal: new AbortController().signal };
    const parsed = await openPlan({ plan: 'plan.yaml', home: this.#home, hide: () => {}, ...options });
    const { log, flags, database, close } = await openLog({ parsed, surroundings: options });
    try {
      await withCollection('sqlite-vec', join(this.#home, 'source'), 'open', async ({ points }) => {
        const versions = await PostgresVersions.open(await database(), 'source');
        const primary = new CollectionTarget({ place: 'source', points: points!, versions });
        const writer = await DualWriter.open({
          outbox: new LogFirstOutbox({ log, primary }),
          flags,
          direct: () => Promise.reject(new Error('nothing goes past the log here')),
          instance: 'api-1',
        });
        if (stage === 'capture') await writer.captureOn('docs');
        else await this.#write(writer);
      });
      await flags.set('shadow:api-1', JSON.stringify({ answered: 99, candidate: { n: 20, mean: 1 } }));
      this.#reads += 20;
      const target = { answered: this.#reads, failed: 0 };
      await flags.set('reads:api-1', JSON.stringify({ source: { answered: 0, failed: 0 }, target }));
    } finally {
      await close();
    }
  }

  async #write(writer: DualWriter): Promise<void> {
    const ids = [...this.rows.keys()];
    const some = () => ids.splice(Math.floor(this.#random() * ids.length), 1)[0]!;
    const [changed, gone] = [some(), some()];
    const name = `write ${++this.#writes}`;
    const before = this.rows.get(changed)!;
    const after = { ...before, metadata: { ...before.metadata, name } };
    const fresh = { ...after, id: name };
    await writer.upsert('docs', after);
    await writer.upsert('docs', fresh);
    await writer.delete('docs', gone);
    this.rows.set(changed, after);
    this.rows.set(fresh.id, fresh);
    this.rows.delete(gone);
  }
}

test(`a migration that is killed in each of ${KILLED.length} stages is whole in the end`, async () => {
  const { folder: home } = new Workspace();
  const migration = new Migration(home);
  await writeCollection('sqlite-vec', join(home, 'source'), POINTS);
  migration.plan('sqlite-vec:./source#docs', 'lancedb:./lance#docs', PLAN);
  const queries = POINTS.slice(0, 20).map(({ vectors }, i) =>
    JSON.stringify({ id: `q${i}`, vector: Array.from(vectors['vector'] as Float32Array) }),
  );
  writeFileSync(join(home, 'queries.jsonl'), queries.join('\n'));
  writeFileSync(join(home, 'thresholds.yaml'), 'version: 1\nk: 5\ngates: { recall.ties@5: mean >= 0.5 }\n');
  await makeLog(join(home, 'log'));

  const random = seeded(SEED);
  const application = new Application(home, random);
  const log = migration.path('events.jsonl');
  const size = () => (existsSync(log) ? readFileSync(log).length : 0);
  const kills = new Map<StageName, number>();
  const status = () =>
    migrationStatus({
      ...{ plan: 'plan.yaml', home, cwd: home, env: process.env, hide: () => {} },
      signal: new AbortController().signal,
    });
  for (let runs = 0; ; runs++) {
    expect(runs, 'it comes to an end').toBeLessThan(60 + 4 * KILLS * KILLED.length);
    const { stages, decisions, state } = await status();
    const needed = KILLED.filter((each) => (kills.get(each) ?? 0) < KILLS);
    if (state === 'finished' && needed.length === 0) break;
    // A stage that was over before it could be killed is made once more, in the end.
    const missed = state === 'finished' ? needed[0] : undefined;
    const name = missed ?? stages.find((each) => each.state !== 'done')!.name;
    await application.before(name);
    const args = [
      ...decisions.flatMap(({ id }) => ['--accept', id]),
      ...(missed === undefined ? [] : ['--again', missed]),
    ];
    const from = size();
    let due: StageName | undefined;
    let isOver = false;
    const isDue = async () => {
      for (; due === undefined && !isOver; await pause(3)) {
        const text = existsSync(log) ? readFileSync(log).subarray(from).toString() : '';
        const begun = [...text.matchAll(/"stage-started"[^\n]*?"stage":"(\w+)"/g)].at(-1)?.[1];
        due = needed.find((each) => each === begun);
      }
      await pause(random() * LATEST);
    };
    const given = args.length === 0 ? [] : [...args, '--reason', 'a test'];
    const { code, stderr } = await runOnce(home, given, needed.length > 0 ? isDue : undefined);
    isOver = true;
    if (code === null) kills.set(due!, (kills.get(due!) ?? 0) + 1);
    else expect([0, 1, 4], stderr).toContain(code);
  }
  expect(Object.fromEntries(kills)).toEqual(Object.fromEntries(KILLED.map((name) => [name, KILLS])));

  const { mapping } = readMapping(migration.path('mapping.yaml'));
  const surroundings = { cwd: home, env: process.env, signal: new AbortController().signal };
  const result = await verify('sqlite-vec:./source#docs', 'lancedb:./lance#docs', {
    ...surroundings,
    mapping,
  });
  expect(result).toMatchObject({ state: 'equal', counts: { matching: application.rows.size } });
  await withCollection('lancedb', join(home, 'lance'), 'open', async ({ points }) => {
    const found = await points!.get([...application.rows.keys()]);
    expect(new Map(found.map(({ id, metadata }) => [id, metadata['title']]))).toEqual(
      new Map([...application.rows.values()].map(({ id, metadata }) => [id, metadata['name']])),
    );
  });
}, 600_000);
