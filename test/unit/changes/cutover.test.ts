import type { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Point } from '../../../engines/contract/points.js';
import { requireClient } from '../../../engines/kit/packages.js';
import type { NewChange, RowChange } from '../../../migration/changes/change.js';
import { CollectionTarget } from '../../../migration/changes/collection-target.js';
import type { ChangeLog } from '../../../migration/changes/log.js';
import { MemoryChangeLog } from '../../../migration/changes/memory-log.js';
import { MemoryTarget } from '../../../migration/changes/memory-target.js';
import { PostgresChangeLog } from '../../../migration/changes/postgres/log.js';
import type { ChangeTarget, Write } from '../../../migration/changes/target.js';
import { MemoryVersions } from '../../../migration/changes/versions.js';
import { DualWriter, type DualWriterOptions } from '../../../migration/cutover/dual-writer.js';
import { EmbeddingVersions } from '../../../migration/cutover/embedding.js';
import { ReembeddingError, UnknownOutcomeError } from '../../../migration/cutover/errors.js';
import { MemoryFlags } from '../../../migration/cutover/flags.js';
import { LogFirstOutbox } from '../../../migration/cutover/outbox.js';
import { synchronise, verifyTouched } from '../../../migration/cutover/protocol.js';
import { Replayer } from '../../../migration/cutover/replayer.js';
import { TransactionalOutbox } from '../../../migration/cutover/transactional-outbox.js';
import { point, TestClock } from './support.js';

let database: PGlite;
beforeAll(async () => {
  const { PGlite: Database } = requireClient('@electric-sql/pglite') as typeof import('@electric-sql/pglite');
  database = await Database.create();
});
afterAll(() => database.close());

async function capturing(options: Partial<DualWriterOptions> & Pick<DualWriterOptions, 'outbox'>) {
  const flags = new MemoryFlags();
  const writer = await DualWriter.open({
    flags,
    direct: async () => undefined,
    clock: new TestClock(),
    ...options,
  });
  await writer.captureOn('docs');
  return writer;
}

function parts(more: { log?: ChangeLog; embeddings?: EmbeddingVersions } = {}) {
  const log = more.log ?? new MemoryChangeLog();
  const [source, target] = [new MemoryTarget(), new MemoryTarget()];
  const outbox = new LogFirstOutbox({ log, primary: source, embeddings: more.embeddings });
  const replayer = (options: Partial<ConstructorParameters<typeof Replayer>[0]> = {}) =>
    new Replayer({
      ...{ source: log, cursors: log, consumer: 'target', target, embeddings: more.embeddings },
      ...{ clock: new TestClock(), ...options },
    });
  return { log, source, target, outbox, replayer };
}

const values = (target: MemoryTarget) =>
  Object.fromEntries(target.rows().map(({ id, point: stored }) => [id, stored!.metadata['value']]));

describe('a writer', () => {
  test('goes past the log until changes are captured, and then never again', async () => {
    const { log, outbox, source } = parts();
    const flags = new MemoryFlags();
    const direct: NewChange[] = [];
    const options = { flags, outbox, direct: async (change: NewChange) => void direct.push(change) };
    const writer = await DualWriter.open(options);
    expect(await writer.upsert('docs', point('a', 1))).toMatchObject({ state: 'uncaptured' });
    await writer.captureOn('docs');
    expect(await writer.upsert('docs', point('a', 2))).toMatchObject({ state: 'applied', version: 2n });
    // Another instance, or this one after a crash.
    expect(await (await DualWriter.open(options)).delete('docs', 'a')).toMatchObject({ state: 'applied' });
    expect(direct).toHaveLength(1);
    expect((await log.read(null, 10)).map(({ kind }) => kind)).toEqual(['marker', 'upsert', 'delete']);
    expect(source.rows()).toEqual([]);
  });

  test('does not call capture on before a write that went past the log has ended', async () => {
    const { log, outbox } = parts();
    let finish: () => void = () => undefined;
    const direct = () => new Promise<void>((resolve) => (finish = resolve));
    const writer = await DualWriter.open({ flags: new MemoryFlags(), outbox, direct });
    const writing = writer.upsert('docs', point('a', 1));
    const captured = writer.captureOn('docs');
    await new Promise((resolve) => setImmediate(resolve));
    expect(await log.read(null, 10)).toEqual([]);
    finish();
    await Promise.all([writing, captured]);
    expect(await log.read(null, 10)).toMatchObject([{ kind: 'marker' }]);
  });

  test('fails closed: what the log does not take is not released', async () => {
    const { log, source } = parts();
    let isDown = false;
    const failing = Object.assign(Object.create(log) as ChangeLog, {
      append: (changes: NewChange[]) => (isDown ? Promise.reject(new Error('down')) : log.append(changes)),
      mark: (collection: string, name: string) => log.mark(collection, name),
    });
    const writer = await capturing({ outbox: new LogFirstOutbox({ log: failing, primary: source }) });
    isDown = true;
    const sent = writer.upsert('docs', point('a', 1), { idempotencyKey: 'k' });
    await expect(sent).rejects.toThrow(UnknownOutcomeError);
    await expect(sent).rejects.toMatchObject({
      idempotencyKey: 'k',
      durable: false,
      cause: { message: 'down' },
    });
    expect(source.rows()).toEqual([]);
  });

  test('sends again what got no answer, once', async () => {
    const { log, source, target, replayer } = parts();
    let isDown = true;
    const failing: ChangeTarget = {
      ...{ place: 'store', condition: 'atomic', read: (keys) => source.read(keys) },
      apply: (changes: readonly Write[]) =>
        isDown ? Promise.reject(new Error('gone')) : source.apply(changes),
    };
    const writer = await capturing({ outbox: new LogFirstOutbox({ log, primary: failing }) });
    const send = () => writer.upsert('docs', point('a', 1), { idempotencyKey: 'k' });
    await expect(send()).rejects.toMatchObject({ durable: true });
    isDown = false;
    expect(await send()).toMatchObject({ state: 'repeated' });
    expect(await send()).toMatchObject({ state: 'repeated' });
    await replayer().step();
    expect([values(source), values(target)]).toEqual([{ a: 1 }, { a: 1 }]);
    expect((await log.read(null, 10)).filter(({ kind }) => kind === 'upsert')).toHaveLength(1);
  });

  test('keeps the order of one row, and lets others pass', async () => {
    const { log, source } = parts();
    const waiting: (() => void)[] = [];
    const slow = Object.assign(Object.create(log) as ChangeLog, {
      append: async (changes: readonly NewChange[]) => {
        if (changes[0]!.id === 'slow') await new Promise<void>((resolve) => waiting.push(resolve));
        return log.append(changes);
      },
      mark: (collection: string, name: string) => log.mark(collection, name),
    });
    const writer = await capturing({ outbox: new LogFirstOutbox({ log: slow, primary: source }) });
    const first = writer.upsert('docs', point('slow', 1));
    const second = writer.delete('docs', 'slow');
    // Of another tenant: another row.
    await writer.upsert('docs', point('other', 2, { tenant: 'x' }));
    expect(waiting).toHaveLength(1);
    waiting[0]!();
    await first;
    await new Promise((resolve) => setImmediate(resolve));
    waiting[1]!();
    await second;
    const order = (await log.read(null, 10)).filter(
      (change): change is RowChange => change.kind !== 'marker',
    );
    expect(order.map(({ id, kind, tenant }) => [id, kind, tenant])).toEqual([
      ['other', 'upsert', 'x'],
      ['slow', 'upsert', undefined],
      ['slow', 'delete', undefined],
    ]);
  });
});

test('a mutation of before the snapshot, sent again after the target has taken over, changes nothing there', async () => {
  const { log, source, target, outbox, replayer } = parts();
  const writer = await DualWriter.open({ flags: new MemoryFlags(), outbox, direct: async () => undefined });
  await writer.captureOn('docs');
  await writer.delete('docs', 'a', { idempotencyKey: 'early' });
  await writer.upsert('docs', point('a', 1));
  await synchronise({
    ...{ collection: 'docs', writers: [writer], log, consumer: 'target', replayer: replayer(), target },
    openSnapshot: async () => {
      async function* pages() {
        yield { points: source.rows().map((row) => row.point!), cursor: 'a' };
      }
      return { pages: pages(), close: async () => undefined };
    },
  });
  writer.use(new LogFirstOutbox({ log, primary: target, consumer: 'target' }));
  expect(await writer.delete('docs', 'a', { idempotencyKey: 'early' })).toMatchObject({ state: 'repeated' });
  expect([values(source), values(target)]).toEqual([{ a: 1 }, { a: 1 }]);
});

describe('an embedding version', () => {
  test('is held until both sides take it, and later changes of the row are not overtaken', async () => {
    const embeddings = new EmbeddingVersions({ source: ['e1', 'e2'], target: ['e1'] });
    const { log, source, target, outbox, replayer } = parts({ embeddings });
    const writer = await capturing({ outbox });
    const send = (id: string, value: number, embeddingVersion: string) =>
      writer.upsert('docs', point(id, value), { embeddingVersion });
    expect((await send('a', 1, 'e1')).state).toBe('applied');
    expect((await send('a', 2, 'e2')).state).toBe('held');
    expect((await send('b', 3, 'e2')).state).toBe('held');
    await send('b', 4, 'e1');
    await send('c', 5, 'e1');
    const [follower, primary] = [replayer(), replayer({ consumer: 'source', target: source })];
    expect(await follower.step()).toMatchObject({ applied: 3, held: 1 });
    expect(values(target)).toEqual({ a: 1, b: 4, c: 5 });
    expect(values(source)).toEqual({ a: 1, b: 4, c: 5 });
    // The cursor stays before what is held: after a crash it is read again.
    expect(await log.cursor('target')).toBeNull();

    embeddings.take('target', 'e2');
    expect(await follower.step()).toMatchObject({ applied: 1, held: 0 });
    await primary.step();
    expect(values(target)).toEqual({ a: 2, b: 4, c: 5 });
    expect(values(source)).toEqual(values(target));
    expect(await log.cursor('target')).toBe(await log.watermark());
  });
});

describe('a replay', () => {
  const upsert = (id: string, value: number, more: Partial<Point> = {}): NewChange => ({
    ...{ kind: 'upsert', collection: 'docs', id, idempotencyKey: `${id}${value}`, at: 1 },
    point: point(id, value, more),
  });

  test('does not move its cursor over what is not there when it is read back', async () => {
    const { log, target, replayer } = parts();
    await log.append([upsert('a', 1)]);
    const lying: ChangeTarget = {
      ...{ place: 'liar', condition: 'atomic', read: (keys) => target.read(keys) },
      apply: async (changes: readonly Write[]) => changes.map(() => 'applied'),
    };
    await expect(replayer({ target: lying }).step()).rejects.toThrow(
      'the change of "a" was acknowledged and is not there',
    );
    expect(await log.cursor('target')).toBeNull();
  });

  test('goes on after errors, and tells them', async () => {
    const { log, target, replayer } = parts();
    await log.append([upsert('a', 1)]);
    let fails = 2;
    const failing: ChangeTarget = {
      ...{ place: 'target', condition: 'atomic', read: (keys) => target.read(keys) },
      apply: (changes: readonly Write[]) =>
        fails-- > 0 ? Promise.reject(new Error('busy')) : target.apply(changes),
    };
    const clock = new TestClock();
    const ending = new AbortController();
    const told: unknown[] = [];
    const running = replayer({ target: failing, clock }).run(ending.signal, (error) => told.push(error));
    while (target.rows().length === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.pass(10_000);
    }
    ending.abort();
    await running;
    expect(told).toHaveLength(2);
    expect(values(target)).toEqual({ a: 1 });
  });

  test('refuses what is evidently embedded anew, before any of it is applied, unless it may be', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => `r${i}`);
    const { log, target, replayer } = parts();
    await log.append(rows.map((id) => upsert(id, 1, { text: id })));
    await replayer().step();
    // One text whose vector was corrected says nothing, nor do other texts.
    await log.append([upsert('r0', -2, { text: 'r0' }), upsert('r1', -2, { text: 'new' })]);
    await replayer().step();
    await log.append(rows.map((id) => upsert(id, -5, { text: id === 'r1' ? 'new' : id })));
    const refusing = replayer();
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(refusing.step()).rejects.toThrow(ReembeddingError);
    }
    expect(values(target)['r5']).toBe(1);
    await replayer({ reembedding: 'allow' }).step();
    expect(values(target)['r5']).toBe(-5);
  });

  test('refuses it where the vector has another name in the target, too', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => `r${i}`);
    const { log, replayer } = parts();
    const kept = ({ vectors: { vector }, ...rest }: Point): Point => ({
      ...rest,
      vectors: { dense: vector! },
    });
    const there = new Map<Point['id'], Point>();
    const target = new CollectionTarget({
      place: 'memory',
      points: {
        upsert: async (points) => points.forEach((each) => void there.set(each.id, each)),
        delete: async (ids) => ids.forEach((id) => void there.delete(id)),
        get: async (ids) => ids.flatMap((id) => there.get(id) ?? []),
      },
      versions: new MemoryVersions(),
      pointOf: kept,
    });
    await log.append(rows.map((id) => upsert(id, 1, { text: id })));
    await replayer({ target }).step();
    await log.append(rows.map((id) => upsert(id, -5, { text: id })));
    await expect(replayer({ target }).step()).rejects.toThrow(ReembeddingError);
  });
});

test('a target catches up with a source that goes on changing', async () => {
  const { log, source, target, outbox, replayer } = parts();
  const before = ['a', 'b', 'c'].map((id) => ({
    ...{ kind: 'upsert' as const, collection: 'docs', id, version: 0n },
    point: point(id, 0),
  }));
  await source.apply(before);
  const writer = await DualWriter.open({ flags: new MemoryFlags(), outbox, direct: async () => undefined });
  async function* pages() {
    yield { points: [point('a', 0)], cursor: 'a' };
    // Changed behind the snapshot, deleted before the backfill comes to it, and new.
    await writer.upsert('docs', point('a', 1));
    await writer.delete('docs', 'b');
    await writer.upsert('docs', point('d', 1));
    await following.step();
    yield { points: [point('b', 0), point('c', 0)], cursor: 'c' };
  }
  const following = replayer();
  const done = await synchronise({
    ...{ collection: 'docs', writers: [writer], log, consumer: 'target', replayer: following, target },
    primary: replayer({ consumer: 'source', target: source }),
    openSnapshot: async () => ({ pages: pages(), close: async () => undefined }),
  });
  expect(done).toMatchObject({ rows: 3, superseded: 1 });
  expect(await log.floor('target')).toBe(done.floor);
  expect(values(target)).toEqual({ a: 1, c: 0, d: 1 });
  expect(values(source)).toEqual(values(target));
  expect(await verifyTouched({ source, target, changes: log, from: 0n })).toEqual({
    rows: 3,
    differences: [],
  });
  await target.apply([{ kind: 'delete', collection: 'docs', id: 'd', version: 99n }]);
  expect(await verifyTouched({ source, target, changes: log, from: 0n })).toMatchObject({
    differences: [{ key: { id: 'd' }, what: 'missing' }],
  });
});

describe('a row and its log entry in one transaction', () => {
  const statement = (change: NewChange) =>
    change.kind === 'delete'
      ? { text: 'DELETE FROM docs WHERE id = $1', values: [change.id] }
      : {
          text: 'INSERT INTO docs VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET value = excluded.value',
          values: [change.id, change.point.metadata['value']],
        };
  const rows = async () => (await database.query('SELECT id, value FROM docs ORDER BY id')).rows;

  test.each(['one statement', 'several'] as const)('are both there or neither, by %s', async (way) => {
    await database.exec(
      'DROP TABLE IF EXISTS docs; CREATE TABLE docs (id text PRIMARY KEY, value int CHECK (value < 10))',
    );
    const log = await PostgresChangeLog.open(database, { schema: `outbox_${way.length}` });
    const outbox = new TransactionalOutbox(
      way === 'one statement'
        ? { log, statement }
        : {
            log,
            write: async (session, change) => {
              const { text, values: parameters } = statement(change);
              return (await session.query(`${text} RETURNING id`, parameters)).length > 0;
            },
          },
    );
    const writer = await capturing({ outbox });
    const first = await writer.upsert('docs', point('a', 1), { idempotencyKey: 'k1' });
    expect(first.state).toBe('applied');
    await writer.upsert('docs', point('b', 2));
    // The database's own refusal is told as it is; nothing of it stays.
    await expect(writer.upsert('docs', point('c', 11))).rejects.toThrow(/check constraint/);
    expect(await writer.delete('docs', 'nobody')).toMatchObject({ state: 'unchanged' });
    expect(await writer.delete('docs', 'b')).toMatchObject({ state: 'applied' });
    // The same mutation again does nothing, also after others.
    await writer.upsert('docs', point('a', 3));
    expect(await writer.upsert('docs', point('a', 1), { idempotencyKey: 'k1' })).toEqual({
      ...first,
      state: 'repeated',
    });
    expect(await rows()).toEqual([{ id: 'a', value: 3 }]);
    const logged = (await log.read(null, 100)).filter(({ kind }) => kind !== 'marker') as RowChange[];
    expect(logged.map(({ id, kind }) => `${id} ${kind}`)).toEqual([
      'a upsert',
      'b upsert',
      'b delete',
      'a upsert',
    ]);
  });

  test('are refused in an embedding version that not both sides take', async () => {
    const log = await PostgresChangeLog.open(database, { schema: 'outbox_embedding' });
    const embeddings = new EmbeddingVersions({ source: ['e2'], target: [] });
    const writer = await capturing({ outbox: new TransactionalOutbox({ log, statement, embeddings }) });
    const sent = writer.upsert('docs', point('z', 1), { embeddingVersion: 'e2' });
    await expect(sent).rejects.toThrow(
      'the embedding version is not taken by both sides; nothing was written',
    );
  });
});
