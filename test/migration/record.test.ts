import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EventLog } from '../../migration/plan/log.js';
import { makeRecord, sumOf } from '../../migration/record/make.js';
import type { MigrationRecord } from '../../migration/record/model.js';
import { verifyRecord } from '../../migration/record/verify.js';
import { renderRecordPage } from '../../reports/record/page.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { Migration } from './helpers/plan.js';
import { openMonitor, watchedMigration } from './helpers/watched.js';

const NOW = '2026-11-28T12:00:00.000Z';

let root: string;
/** A migration as far as parity, watched for a round, with its record. */
let done: Migration;
let record: MigrationRecord;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'vecproof-record-'));
  done = await watchedMigration(join(root, 'done'), { source: 'sqlite-vec', target: 'lancedb', points: 60 });
  const monitor = await openMonitor(done);
  await monitor.round();
  await monitor.close();
  record = await write(done);
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function write(migration: Migration): Promise<MigrationRecord> {
  const made = await makeRecord({ folder: migration.path(), planFolder: migration.home, now: NOW });
  writeFileSync(migration.path('record.json'), JSON.stringify(made));
  writeFileSync(migration.path('record.html'), renderRecordPage(made));
  return made;
}

let copies = 0;
function copy(): Migration {
  const home = join(root, `copy-${++copies}`);
  cpSync(done.home, home, { recursive: true });
  return new Migration(home);
}

async function differences(migration: Migration, sum?: string): Promise<string[]> {
  const { checks } = await verifyRecord({ folder: migration.path(), sum, page: renderRecordPage });
  return checks.filter(({ state }) => state === 'differs').map(({ what, words }) => `${what}: ${words}`);
}

const item = (of: MigrationRecord, name: string) => of.items.find((each) => each.item === name)!;

describe('the record of a migration', () => {
  test('that went as far as parity says what is done, by whom, and what is open', () => {
    expect(record.state).toBe('open');
    expect(record.items.map(({ item: name, state }) => [name, state])).toEqual([
      ['inventory', 'done'],
      ['export', 'done'],
      ['validation', 'done'],
      ['schema', 'done'],
      ['index', 'done'],
      ['import', 'done'],
      ['parity', 'done'],
      ['synchronisation', 'open'],
      ['ramp', 'open'],
      ['rollback', 'open'],
    ]);
    expect(item(record, 'import').says).toBe('60 points equal');
    expect(item(record, 'parity').says).toBe('120 of 120 queries compared');
    expect(item(record, 'rollback').open).toEqual(['observe: not begun', 'finish: not begun']);
    expect(record.answer).toContain('7 of 10 items are done. Open: live synchronisation;');
    const files = record.files.map(({ file }) => file);
    expect(files).toEqual(
      expect.arrayContaining([
        'events.jsonl',
        'export/manifest.json',
        'export/points-00000.parquet',
        'verify.json',
      ]),
    );
    expect(record.watch).toMatchObject({ rounds: 1, alerts: 0 });
  });

  test('keeps settings, thresholds and queries for the next change', () => {
    const { kept, next, index, verdicts } = record.learnt;
    expect(kept.map(({ file }) => file)).toEqual(['kept/queries.jsonl', 'kept/thresholds.yaml']);
    expect(done.read('kept', 'queries.jsonl')).toBe(readFileSync(join(done.home, 'queries.jsonl'), 'utf8'));
    expect(next).toBe(
      "vecproof parity 'lancedb:./target#docs' CHANGED --queries kept/queries.jsonl --lock kept/thresholds.yaml",
    );
    expect(index).toMatchObject({ type: 'flat' });
    expect(verdicts).toMatchObject([{ state: 'pass' }]);
  });

  test('is genuine as long as nothing was changed, also beside a log that has gone on', async () => {
    const migration = copy();
    expect(await differences(migration, record.sum)).toEqual([]);
    new EventLog(migration.path('events.jsonl')).append({
      type: 'again',
      time: NOW,
      stage: 'verify',
      by: 'Ada',
      reason: 'to see',
    });
    const { state, checks } = await verifyRecord({ folder: migration.path(), page: renderRecordPage });
    expect(state).toBe('genuine');
    expect(checks[0]).toMatchObject({
      what: 'events.jsonl',
      state: 'note',
      words: expect.stringContaining('1 events since'),
    });
    // A new one sees that verify is in doubt.
    const later = await makeRecord({ folder: migration.path(), planFolder: migration.home, now: NOW });
    expect(item(later, 'import')).toMatchObject({ state: 'failed', open: ['verify: doubted: to see'] });
    expect(later.interventions).toMatchObject([{ what: 'again verify', by: 'Ada' }]);
  });

  test('names every file that was changed or is missing', async () => {
    const migration = copy();
    for (const { file, bytes } of record.files) {
      const path = migration.path(file);
      const whole = readFileSync(path);
      if (bytes > 0) {
        const changed = Buffer.from(whole);
        changed[Math.floor(bytes / 2)]! ^= 1;
        writeFileSync(path, changed);
        expect(await differences(migration), `${file} changed`).toContainEqual(
          expect.stringMatching(`^${file}: `),
        );
      }
      rmSync(path);
      expect(await differences(migration), `${file} missing`).toContainEqual(
        expect.stringMatching(`^${file}: `),
      );
      writeFileSync(path, whole);
    }
    writeFileSync(migration.path('record.html'), '<p>all is well</p>');
    expect(await differences(migration)).toEqual(['record.html: does not show what record.json says']);
  });

  test('names what was changed in itself, also where its sum was computed again', async () => {
    const migration = copy();
    const forged = structuredClone(record);
    forged.items[7]!.state = 'done';
    writeFileSync(migration.path('record.json'), JSON.stringify(forged));
    expect(await differences(migration)).toContainEqual(expect.stringContaining('record.json: was changed'));
    forged.items[7]!.open = [];
    forged.sum = sumOf(forged);
    writeFileSync(migration.path('record.json'), JSON.stringify(forged));
    writeFileSync(migration.path('record.html'), renderRecordPage(forged));
    expect(await differences(migration)).toEqual([
      'what the record tells: the item "Live synchronisation" does not follow from log and files',
    ]);
    const decided = structuredClone(record);
    decided.answer = 'All is well.';
    decided.sum = sumOf(decided);
    writeFileSync(migration.path('record.json'), JSON.stringify(decided));
    expect(await differences(migration, record.sum)).toEqual(
      expect.arrayContaining([
        'record.json: is another record than the one whose sum was kept',
        'what the record tells: "answer" does not follow from the log',
      ]),
    );
    writeFileSync(migration.path('record.json'), '{"version": 1}');
    await expect(differences(migration)).rejects.toThrow('is not a record');
  });

  test('names what was changed in the log, and is not made of such a one', async () => {
    const lines = done.read('events.jsonl').trimEnd().split('\n');
    const logs: [string, string[], string][] = [
      [
        'a line changed',
        lines.map((line, i) => (i === 3 ? line.replace('"time":"2', '"time":"1') : line)),
        'line 5',
      ],
      ['a line removed', lines.filter((_, i) => i !== 4), 'line 5'],
      ['the end removed', lines.slice(0, -2), `has ${lines.length - 2} lines`],
      ['two exchanged', lines.with(1, lines[2]!).with(2, lines[1]!), 'line 2'],
    ];
    for (const [what, changed, words] of logs) {
      const migration = copy();
      writeFileSync(migration.path('events.jsonl'), `${changed.join('\n')}\n`);
      expect(await differences(migration), what).toContainEqual(
        expect.stringMatching(`^events.jsonl: .*${words}`),
      );
      if (what !== 'the end removed')
        await expect(write(migration), what).rejects.toThrow('no record can be made of it');
    }
  });

  test('on the command line: open, genuine, changed', async () => {
    const migration = copy();
    const at = { folder: migration.home };
    const made = await vecproof(['record', 'plan.yaml', '--out', migration.home], at);
    expect(made.code, made.stderr).toBe(4);
    expect(made.stdout).toContain('✓ Import, verified point by point: 60 points equal');
    expect(made.stdout).toContain('· Shadow reads and ramp');
    const [, sum] = /^sum: (\w{64})$/m.exec(made.stdout)!;
    const folder = '.migrations/move';
    const genuine = await vecproof(['record', `${folder}/record.json`, '--verify', '--sum', sum!], at);
    expect(genuine.code, genuine.stdout).toBe(0);
    writeFileSync(migration.path('verify.json'), `${migration.read('verify.json')} `);
    const changed = await vecproof(['record', folder, '--verify'], at);
    expect(changed.code).toBe(1);
    expect(changed.stdout).toContain('✗ verify.json is not as it was written');
  });
});

describe('a log of stages that a later version has', () => {
  /** Lines as `EventLog` chains them. */
  function folderWith(events: readonly object[]): string {
    const folder = mkdtempSync(join(root, 'log-'));
    let before = createHash('sha256').update('').digest('hex');
    const lines = events.map((event) => {
      const line = JSON.stringify({ ...event, before });
      before = createHash('sha256').update(line).digest('hex');
      return `${line}\n`;
    });
    writeFileSync(join(folder, 'events.jsonl'), lines.join(''));
    return folder;
  }
  const STAGES =
    'inventory capture export validate map load verify parity synchronise shadow confirm ramp observe finish'.split(
      ' ',
    );
  const ended = (stage: string, rest: object = {}) => [
    { type: 'stage-started', time: NOW, stage, key: 'k', inputs: {} },
    {
      type: 'stage-ended',
      time: NOW,
      stage,
      key: 'k',
      seconds: 1,
      evidence: [],
      state: 'done',
      digest: stage,
      decisions: [],
      ...rest,
    },
  ];
  const recordOf = (events: readonly object[]) => makeRecord({ folder: folderWith(events), now: NOW });

  test('is complete only if every stage is done', async () => {
    const all = STAGES.flatMap((stage) => ended(stage));
    expect((await recordOf(all)).state).toBe('complete');
    for (const missing of STAGES) {
      const some = await recordOf(
        STAGES.filter((stage) => stage !== missing).flatMap((stage) => ended(stage)),
      );
      expect([missing, some.state]).toEqual([missing, 'open']);
      expect(some.items.flatMap(({ open }) => open)).toContainEqual(`${missing}: not begun`);
    }
  });

  test('tells failure, doubt, awaited decisions, waiting, outdated results and interventions apart', async () => {
    const decisions = [{ id: 'finish', subject: 's', words: 'the way back may be given up', details: [] }];
    const found = await recordOf([
      ...ended('inventory'),
      ...ended('export'),
      { type: 'stage-started', time: NOW, stage: 'validate', key: 'k', inputs: { export: 'another result' } },
      {
        type: 'stage-ended',
        time: NOW,
        stage: 'validate',
        seconds: 1,
        evidence: [],
        state: 'done',
        digest: 'v',
        decisions: [],
      },
      ...ended('map'),
      { type: 'distrusted', time: NOW, stage: 'map', why: 'mapping.yaml is missing' },
      ...ended('load', { evidence: [{ file: 'load/load.json', sha256: '0'.repeat(64), bytes: 3 }] }),
      ...ended('shadow', { state: 'failed', problem: 'more traffic has to pass', waits: true }),
      ...ended('ramp'),
      ...ended('observe', { decisions }),
      ...ended('polish'),
      { type: 'rolled-back', time: NOW, by: 'Ada', reason: 'answers were slow' },
    ]);
    const open = Object.fromEntries(found.items.map((each) => [each.item, [each.state, ...each.open]]));
    expect(open['validation']).toEqual([
      'open',
      'validate: outdated: the result of export is another one since',
    ]);
    expect(open['schema']).toEqual(['failed', 'map: doubted: mapping.yaml is missing']);
    expect(open['import']![0]).toBe('failed');
    expect(open['import']).toContain('load/load.json is not as it was written, or missing');
    expect(open['ramp']).toEqual([
      'failed',
      'shadow: waiting: more traffic has to pass',
      'confirm: not begun',
      'ramp: failed: rolled back: answers were slow',
    ]);
    expect(open['rollback']).toContain('observe: awaited: the way back may be given up');
    expect(found.others.map(({ stage }) => stage)).toEqual(['polish']);
    expect(found.interventions).toEqual([
      { time: NOW, what: 'rolled-back', by: 'Ada', reason: 'answers were slow' },
    ]);
    expect(found.state).toBe('failed');
  });
});

test('texts of others are inert in its page', () => {
  const hostile = '<script>alert(1)</script>\u001b[31m';
  const forged = structuredClone(record);
  forged.name = hostile;
  forged.items[0]!.open = [hostile];
  forged.items[0]!.decisions = [
    { time: NOW, stage: 'map', decision: hostile, words: hostile, reason: hostile, by: hostile },
  ];
  const html = renderRecordPage(forged);
  expect(html).not.toContain('<script');
  expect(html).not.toContain('\u001b');
});
