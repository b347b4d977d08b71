import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StageName } from '../../migration/plan/events.js';
import { lockMigration } from '../../migration/plan/folder.js';
import { somePoints, withCollection, writeCollection } from './helpers/collection.js';
import { Migration } from './helpers/plan.js';

const POINTS = somePoints(120);
const SOURCE = 'sqlite-vec:./source#docs';
const TARGET = 'lancedb:./lance#docs';
/** The target keeps everything of these points; the plan wants two things otherwise, which are losses. */
const EDITS = 'map:\n  fields: { name: title, live: null }\n';

/** Latency of a loaded machine says nothing here. */
const THRESHOLDS = 'version: 1\nk: 5\ngates: { recall.ties@5: mean >= 0.1 }\n';

let root: string;
/** A migration that is done, to be copied. */
let done: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'vecproof-migrate-'));
  done = join(root, 'done');
  await writeCollection('sqlite-vec', join(done, 'source'), POINTS);
  const migration = new Migration(done);
  migration.plan(SOURCE, TARGET, EDITS);
  const view = await migration.runThrough();
  expect(view.state).toBe('ready');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let copies = 0;
function copyOfDone(): Migration {
  const home = join(root, `copy-${++copies}`);
  cpSync(done, home, { recursive: true });
  return new Migration(home);
}

function fresh(): Migration {
  const home = join(root, `fresh-${++copies}`);
  cpSync(join(done, 'source'), join(home, 'source'), { recursive: true });
  return new Migration(home);
}

describe('a plan', () => {
  test('stops at each decision, goes on with a reason, and is ready in the end', async () => {
    const migration = fresh();
    migration.plan(SOURCE, TARGET, EDITS);
    const first = await migration.run();
    expect(first.state).toBe('waiting');
    expect(first.decisions.map(({ id }) => id)).toEqual([
      'loss:field-renamed:name',
      'loss:field-dropped:live',
    ]);
    expect(first.decisions[0]!.command).toBe(
      'vecproof migrate plan.yaml --accept loss:field-renamed:name --reason "…"',
    );
    expect(existsSync(join(migration.home, 'lance')), 'nothing is made before').toBe(false);
    const count = migration.events.length;
    expect((await migration.run()).state).toBe('waiting');
    expect(migration.events.slice(count), 'nothing runs while it waits').toEqual([]);
    const one = await migration.run({ accept: ['loss:field-renamed:name'], reason: 'we say title now' });
    expect(one.decisions.map(({ id }) => id)).toEqual(['loss:field-dropped:live']);
    const verified = await migration.run({ accept: ['loss'], reason: 'not used', by: 'Ada' });
    expect(verified.decisions).toMatchObject([{ stage: 'parity', id: 'without-parity' }]);
    const ready = await migration.run({ accept: ['without-parity'], reason: 'nobody searches it yet' });
    expect(ready.state).toBe('ready');
    expect(ready.accepted.map(({ decision, reason, by }) => [decision, reason, by])).toEqual([
      ['loss:field-renamed:name', 'we say title now', 'tester'],
      ['loss:field-dropped:live', 'not used', 'Ada'],
      ['without-parity', 'nobody searches it yet', 'tester'],
    ]);
    expect(migration.read('mapping.yaml')).toContain('accepted: we say title now');
    expect(migration.read('decisions.jsonl').split('\n')).toHaveLength(4);
    const verify = ready.stages.find(({ name }) => name === 'verify')!;
    expect(verify.figures).toContainEqual(expect.objectContaining({ term: 'equal', value: 120 }));
  });

  test('that is done does nothing more', async () => {
    const migration = copyOfDone();
    const { length } = migration.events;
    expect((await migration.run()).state).toBe('ready');
    expect(migration.events).toHaveLength(length);
  });

  test('is refused a decision that is not awaited, or one without a reason', async () => {
    const migration = fresh();
    migration.plan(SOURCE, TARGET, EDITS);
    await migration.run();
    await expect(migration.run({ accept: ['loss:field-renamed:nam'], reason: 'x' })).rejects.toThrow(
      'Did you mean "loss:field-renamed:name"?',
    );
    await expect(migration.run({ accept: ['loss'] })).rejects.toThrow('a decision needs a reason');
    expect(migration.events.filter(({ type }) => type === 'accepted')).toEqual([]);
  });

  test('excludes a second process', async () => {
    const migration = copyOfDone();
    const release = lockMigration(migration.path());
    // The lock of this very process is its own: that of another one is held here by a process that lives.
    release();
    writeFileSync(migration.path('.lock'), '1 \n');
    await expect(migration.run()).rejects.toThrow('is in use by process 1');
  });
});

interface Change {
  what: string;
  source?: string;
  target?: string;
  rest?: string;
  change?(migration: Migration): void | Promise<void>;
  again?: StageName[];
  runs: StageName[];
  /** The collection is there already, and made again. */
  replaces?: boolean;
}

const REST = 'verify: { samples: 10 }\n';
const CHANGES: Change[] = [
  { what: 'nothing', runs: [] },
  { what: 'the description', rest: `${EDITS}description: other words\n`, runs: [] },
  { what: 'the rate of the export', rest: `${EDITS}export: { rate: 100000 }\n`, runs: [] },
  { what: 'the batch of the load', rest: `${EDITS}load: { batch: 7 }\n`, runs: [] },
  { what: 'what validation lets pass', rest: `${EDITS}validate: { failOn: note }\n`, runs: ['validate'] },
  { what: 'what verify compares with', rest: `${EDITS}verify: { against: source }\n`, runs: ['verify'] },
  {
    what: 'the parts of the export, which then hold the same points',
    rest: `${EDITS}export: { partRows: 50 }\n`,
    runs: ['export'],
  },
  {
    what: 'a name in the mapping',
    rest: 'map:\n  fields: { name: heading, live: null }\n',
    runs: ['map', 'load', 'verify', 'parity'],
    replaces: true,
  },
  {
    what: 'the index',
    rest: `${EDITS}  index: { type: hnsw, quantization: sq8 }\n`,
    runs: ['map', 'load', 'verify', 'parity'],
    replaces: true,
  },
  { what: 'the target', target: 'lancedb:./lance#other', runs: ['map', 'load', 'verify', 'parity'] },
  {
    what: 'the engine of the target',
    target: 'sqlite-vec:./elsewhere#docs',
    runs: ['map', 'load', 'verify', 'parity'],
  },
  {
    what: 'the mapping, by hand',
    change: (migration) => {
      const text = migration.read('mapping.yaml').replace('to: price', 'to: cost');
      writeFileSync(migration.path('mapping.yaml'), text);
    },
    runs: ['map', 'load', 'verify', 'parity'],
    replaces: true,
  },
  { what: 'nothing, and the export is wanted again', again: ['export'], runs: ['export'] },
  {
    what: 'the fields of the inventory',
    rest: `${EDITS}inventory: { tenant: name }\n`,
    runs: ['inventory', 'validate'],
  },
  {
    what: 'the queries of the application, whose file is another',
    rest: `${EDITS}queries: ./queries.jsonl\nparity: { thresholds: ./thresholds.yaml }\n`,
    change: ({ home }) => {
      const filters = [{ n: { $lt: 50 } }, { live: true }];
      const lines = filters.map((filter, id) =>
        JSON.stringify({ id: `${id}`, vector: [1, 2, 3, 4, 5, 6], filter }),
      );
      writeFileSync(join(home, 'queries.jsonl'), lines.join('\n'));
      writeFileSync(join(home, 'thresholds.yaml'), THRESHOLDS);
    },
    runs: ['inventory', 'validate', 'map', 'load', 'verify', 'parity'],
    replaces: true,
  },
  {
    what: 'the source, and the export is wanted again',
    change: ({ home }) =>
      withCollection('sqlite-vec', join(home, 'source'), 'open', (collection) =>
        collection.points!.upsert(somePoints(1, 500)),
      ),
    again: ['export'],
    runs: ['export', 'validate', 'map', 'load', 'verify', 'parity'],
    replaces: true,
  },
];

describe('what runs again after a change of', () => {
  test.each(CHANGES)(
    '$what',
    async ({
      source = SOURCE,
      target = TARGET,
      rest = EDITS,
      change,
      again = [],
      runs,
      replaces = false,
    }) => {
      const migration = copyOfDone();
      await change?.(migration);
      migration.plan(source, target, rest);
      const before = migration.events.length;
      const view = await migration.runThrough({ again, reason: 'a test' });
      expect(view.state).toBe('ready');
      expect(migration.begunSince(before)).toEqual(runs);
      const taken = view.accepted.map(({ decision }) => decision);
      expect(taken.includes('replace-target')).toBe(replaces);
    },
  );

  test('thresholds, once there is a result, has to be accepted before there is another', async () => {
    const migration = copyOfDone();
    migration.plan(SOURCE, TARGET, `${EDITS}validate: { failOn: warning }\n`);
    const view = await migration.run();
    expect(view.decisions).toMatchObject([{ stage: 'validate', id: 'thresholds:validate' }]);
    const before = migration.events.length;
    await migration.run({ accept: ['thresholds'], reason: 'warnings are to be looked at, too' });
    expect(migration.begunSince(before)).toEqual(['validate']);
  });

  test('the plan shows in the log what was changed', async () => {
    const migration = copyOfDone();
    migration.plan(SOURCE, TARGET, EDITS + REST.replace('10', '3'));
    await migration.run();
    expect(migration.events.filter(({ type }) => type === 'plan').at(-1)).toMatchObject({
      changed: ['verify'],
    });
    expect(migration.read('plan.lock.yaml')).toContain('samples: 3');
  });
});

describe('evidence that was changed by hand is not believed:', () => {
  const files = [
    { file: 'export/manifest.json', runs: ['export'] },
    { file: 'export/points-00000.parquet', runs: ['export', 'verify'], again: ['verify'] as StageName[] },
    { file: 'load/load.json', runs: ['load', 'verify', 'parity'] },
    { file: 'verify.json', runs: ['verify'] },
    { file: 'differences.parquet', runs: ['verify'] },
  ];
  test.each(files)('$file', async ({ file, runs, again = [] }) => {
    const migration = copyOfDone();
    const bytes = readFileSync(migration.path(file));
    bytes[bytes.length - 20]! ^= 1;
    writeFileSync(migration.path(file), bytes);
    const before = migration.events.length;
    const view = await migration.runThrough({ again, reason: 'a test' });
    expect(view.state).toBe('ready');
    expect(migration.notices.join('\n')).toContain('is not believed');
    expect(new Set(migration.begunSince(before))).toEqual(new Set(runs));
  });

  test('a result that is gone', async () => {
    const migration = copyOfDone();
    rmSync(migration.path('verify.json'));
    const before = migration.events.length;
    expect((await migration.run()).state).toBe('ready');
    expect(migration.begunSince(before)).toEqual(['verify']);
  });

  test('the log itself, which is refused', async () => {
    const migration = copyOfDone();
    const text = migration.read('events.jsonl').replace('"by":"tester"', '"by":"somebody else"');
    writeFileSync(migration.path('events.jsonl'), text);
    await expect(migration.run()).rejects.toThrow(/events\.jsonl:\d+: is not as it was written/);
  });

  test('a line of the log that a kill has cut off never happened', async () => {
    const migration = copyOfDone();
    writeFileSync(migration.path('events.jsonl'), migration.read('events.jsonl').slice(0, -30));
    expect((await migration.run()).decisions, 'the last one was that').toMatchObject([
      { id: 'without-parity' },
    ]);
    expect((await migration.runThrough()).state).toBe('ready');
  });
});

describe('parity', () => {
  const queries = (count: number) =>
    Array.from({ length: count }, (_, i) => {
      const vector = Array.from({ length: 6 }, (_unused, j) => Math.sin(i * 5 + j));
      const filter = i % 2 === 0 ? { filter: { n: { $lt: 100 } }, group: 'small' } : {};
      return `${JSON.stringify({ id: `q${i}`, vector, ...filter })}\n`;
    }).join('');
  const WITH = `${EDITS}queries: ./queries.jsonl\nparity: { thresholds: ./thresholds.yaml }\n`;

  test('of a source of files, which answers no queries, is a decision', async () => {
    const migration = copyOfDone();
    cpSync(migration.path('export'), join(migration.home, 'files'), { recursive: true });
    writeFileSync(join(migration.home, 'queries.jsonl'), queries(4));
    migration.plan('export:./files', 'lancedb:./other#docs', 'queries: ./queries.jsonl\n');
    const view = await migration.runThrough();
    expect(view.state).toBe('ready');
    expect(view.accepted.map(({ decision }) => decision)).toContain('without-parity');
  });

  test('asks both sides the queries of the application, and judges by thresholds that are fixed', async () => {
    const migration = copyOfDone();
    writeFileSync(join(migration.home, 'queries.jsonl'), queries(40));
    writeFileSync(join(migration.home, 'thresholds.yaml'), THRESHOLDS);
    migration.plan(SOURCE, TARGET, WITH);
    const view = await migration.runThrough();
    const parity = view.stages.find(({ name }) => name === 'parity')!;
    expect([view.state, parity.why]).toEqual(['ready', undefined]);
    expect(parity.says).toMatch(/^40 of 40 queries compared, \d of \d thresholds? met$/);
    expect(parity.evidence.map(({ file }) => file)[0]).toBe('parity.json');
    // Another threshold, once the result is known, is a decision.
    writeFileSync(
      join(migration.home, 'thresholds.yaml'),
      `${THRESHOLDS.slice(0, -3)}, latency: p(99) < 0.000001ms }\n`,
    );
    const changed = await migration.run();
    expect(changed.decisions).toMatchObject([{ stage: 'parity', id: 'thresholds:parity' }]);
    const failed = await migration.run({ accept: ['thresholds'], reason: 'a test' });
    expect(failed.state).toBe('failed');
    expect(failed.stages.at(-1)!.why).toMatch(/^thresholds are not met: latency/);
  });
});

describe('what is found', () => {
  test('by verify fails the migration, and is looked for again', async () => {
    const migration = copyOfDone();
    const lance = join(migration.home, 'lance');
    await withCollection('lancedb', lance, 'open', (collection) => collection.points!.delete(['7']));
    const failed = await migration.run({ again: ['verify'], reason: 'a doubt' });
    expect(failed.state).toBe('failed');
    const verify = failed.stages.find(({ name }) => name === 'verify')!;
    expect(verify.why).toMatch(/1 are missing in the target; the first: id 7/);
    expect(verify.tables[0]!.rows).toEqual([['7', 'string', 'missing', '']]);
    const still = await migration.run();
    expect(still.state).toBe('failed');
    expect(still.stages.find(({ name }) => name === 'verify')!.attempts).toBe(verify.attempts + 1);
  });
});
