import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CollectionTarget } from '../../migration/changes/collection-target.js';
import { loadKafka } from '../../migration/changes/kafka/client.js';
import { KafkaChangeLog, type KafkaLogOptions } from '../../migration/changes/kafka/log.js';
import { MemoryTarget } from '../../migration/changes/memory-target.js';
import { MemoryVersions } from '../../migration/changes/versions.js';
import { DualWriter } from '../../migration/cutover/dual-writer.js';
import { UnknownOutcomeError } from '../../migration/cutover/errors.js';
import { LogFirstOutbox } from '../../migration/cutover/outbox.js';
import { synchronise } from '../../migration/cutover/protocol.js';
import { Replayer } from '../../migration/cutover/replayer.js';
import { holdsLogContract, point, upsert } from '../unit/changes/log-contract.js';
import { turns } from '../unit/changes/support.js';
import { somePoints, withCollection, writeCollection } from './helpers/collection.js';
import { type Broker, noBroker, startBroker } from './helpers/kafka.js';
import { killAndReplay, someChanges } from './helpers/killed-replay.js';
import { Migration } from './helpers/plan.js';

const reason = noBroker();

// One broker of Apache Kafka for all of them; each has topics of its own.
describe.skipIf(reason !== undefined)(
  `a log in Kafka${reason === undefined ? '' : ` (not tested: ${reason})`}`,
  () => {
    let broker: Broker;
    let folder: string;
    const opened: KafkaChangeLog[] = [];
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'vecproof-kafka-'));
      broker = await startBroker(join(folder, 'broker'));
    });
    afterAll(async () => {
      await Promise.all(opened.map((log) => log.close()));
      await broker?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const connection = () => ({ bootstrapBrokers: [broker.address], retries: 3, retryDelay: 100 });
    async function open(topic: string, more: Partial<KafkaLogOptions> = {}): Promise<KafkaChangeLog> {
      const log = await KafkaChangeLog.open({ topic, connection: connection(), ...more });
      opened.push(log);
      return log;
    }
    async function admin() {
      const { Admin } = await loadKafka();
      return new Admin({ clientId: 'test', ...connection() });
    }
    async function makeTopic(topic: string, configs: Record<string, string>, partitions = 1): Promise<void> {
      const made = await admin();
      const list = Object.entries(configs).map(([name, value]) => ({ name, value }));
      await made.createTopics({ topics: [topic], partitions, replicas: 1, configs: list });
      await made.close();
    }

    holdsLogContract((name) => open(name));

    test('takes what two instances append at the same time, each mutation once for both', async () => {
      const [one, other] = [await open('two'), await open('two')];
      const changes = Array.from({ length: 60 }, (_, i) => upsert(`row ${i}`, i));
      const both = await Promise.all(
        [one, other].map((log) => Promise.all(changes.map((change) => log.append([change])))),
      );
      const versions = both.map((answers) => answers.map(([each]) => each!.version));
      expect(versions[0]).toEqual(versions[1]);
      const repeated = changes.map((_, i) => both.filter((answers) => answers[i]![0]!.repeated).length);
      expect(repeated).toEqual(changes.map(() => 1));
      for (const log of [one, other, await open('two')])
        expect((await log.read(null, 1000)).map(({ version }) => version)).toEqual(
          versions[0]!.toSorted((a, b) => (a < b ? -1 : 1)),
        );
    });

    test('takes an append that is larger than a message may be', async () => {
      const log = await open('large');
      const large = Array.from({ length: 5 }, (_, i) => ({
        ...upsert(`row ${i}`, i),
        point: { ...point(`row ${i}`), text: 'x'.repeat(400_000) },
      }));
      const appended = await log.append(large);
      expect(appended.map(({ position }) => position)).toEqual([1n, 2n, 3n, 4n, 5n]);
      expect(await log.read(2n, 10)).toMatchObject(large.slice(2));
      const huge = { ...upsert('huge', 1), point: { ...point('huge'), text: 'x'.repeat(1_200_000) } };
      await expect(log.append([huge])).rejects.toThrow(
        'the change of "huge" is larger than a message may be; it was not taken',
      );
      expect(
        await log.append([upsert('after', 1)]),
        'a refusal is not in the way of what follows',
      ).toMatchObject([{ position: 6n }]);
    });

    test('moves a store with all that is written meanwhile, and keeps switches', async () => {
      const log = await open('move');
      const [source, target] = [new MemoryTarget(), new MemoryTarget()];
      const writer = await DualWriter.open({
        outbox: new LogFirstOutbox({ log, primary: source }),
        flags: log.flags,
        direct: async (change) => void (await source.apply([{ ...change, version: 0n }])),
      });
      for (let i = 0; i < 5; i++) await writer.upsert('docs', point(`row ${i}`, i));
      const replayer = new Replayer({ source: log, cursors: log, consumer: 'target', target });
      const primary = new Replayer({ source: log, cursors: log, consumer: 'source', target: source });
      let isMoved = false;
      const moved = synchronise({
        ...{ collection: 'docs', writers: [writer], log, consumer: 'target', primary, replayer, target },
        openSnapshot: async () => {
          await writer.delete('docs', 'row 1');
          const points = source.rows().map((row) => row.point!);
          await writer.upsert('docs', point('row 2', 200));
          async function* pages() {
            yield { points, cursor: '' };
          }
          return { pages: pages(), close: async () => {} };
        },
      }).finally(() => {
        isMoved = true;
      });
      for (let i = 0; !isMoved; i++) {
        await writer.upsert('docs', point('row 3', 300 + i));
        await turns(1);
      }
      await moved;
      await replayer.drain(await log.watermark());
      const values = (store: MemoryTarget) =>
        store
          .rows()
          .map(({ id, point: each }) => `${id} ${each!.metadata['value']}`)
          .sort();
      expect(values(target)).toEqual(values(source));
      expect(values(target)).toContain('row 2 200');
      expect(await (await open('move')).flags.get('capture')).toBe('on');
    });

    test('gives nobody a mutation twice when a broker was killed, and fails closed meanwhile', async () => {
      const log = await open('killed');
      const source = new MemoryTarget();
      const writer = await DualWriter.open({
        outbox: new LogFirstOutbox({ log, primary: source }),
        flags: log.flags,
        direct: async () => {},
      });
      await writer.captureOn('docs');
      await writer.upsert('docs', point('a', 1));
      await broker.kill();
      const lost = await writer
        .upsert('docs', point('a', 2), { idempotencyKey: 'again' })
        .catch((error: unknown) => error);
      expect(lost).toBeInstanceOf(UnknownOutcomeError);
      expect(source.rows()[0]!.point!.metadata['value'], 'nothing is released that is not durable').toBe(1);
      await broker.start();
      const receipt = await writer.upsert('docs', point('a', 2), { idempotencyKey: 'again' });
      expect(['applied', 'repeated']).toContain(receipt.state);
      const rows = (await log.read(null, 10)).filter(({ kind }) => kind === 'upsert');
      expect(rows).toHaveLength(2);
      expect(await (await open('killed')).read(null, 10)).toEqual(await log.read(null, 10));
    });

    test('is replayed to its end after a kill -9 between target and cursor', async () => {
      const log = await open('replay');
      await log.append(someChanges());
      await killAndReplay(
        { log: { kind: 'kafka', topic: 'replay', address: broker.address }, folder },
        (use) => use(log),
      );
    });

    test('goes on from where a consumer began when Kafka has forgotten its offsets', async () => {
      const log = await open('forgotten');
      await log.append([upsert('a'), upsert('b'), upsert('c')]);
      await log.begin('target', { after: 1n, floor: 1n });
      await log.acknowledge('target', 3n);
      expect(await log.cursor('target')).toBe(3n);
      const deleting = await admin();
      await deleting.deleteGroups({ groups: ['vecproof.forgotten.target'] });
      await deleting.close();
      const next = await open('forgotten');
      expect([await next.cursor('target'), await next.floor('target')]).toEqual([1n, 1n]);
    });

    test('forgets what all consumers have acknowledged, and neither switches nor beginnings', async () => {
      const log = await open('trimmed');
      await log.flags.set('capture', 'on');
      await log.begin('target', { after: 0n, floor: 0n });
      await log.append([upsert('a'), upsert('b'), upsert('c')]);
      const read = await log.read(null, 10);
      await log.acknowledge('target', read[1]!.position);
      expect(await log.trim(['target', 'other'])).toBe(0);
      expect(await log.trim(['target'])).toBe(4);
      const next = await open('trimmed');
      expect(await next.read(await next.cursor('target'), 10)).toEqual(read.slice(2));
      expect(await next.flags.get('capture')).toBe('on');
      // Who has read nothing of what is gone must not believe that this is all.
      await expect(next.read(null, 10)).rejects.toThrow('entries from offset 0 are not there');
      await next.drop();
    });

    test('takes a switch only once from who has seen the same, in the order of the topic', async () => {
      const [one, other] = [await open('switches'), await open('switches')];
      const answers = await Promise.all([one, other].map((log, i) => log.flags.swap('ramp', null, `${i}`)));
      expect(answers.toSorted()).toEqual([false, true]);
      const winner = String(answers.indexOf(true));
      for (const log of [one, other, await open('switches')])
        expect(await log.flags.get('ramp')).toBe(winner);
      expect(await one.flags.swap('ramp', 'another', 'x')).toBe(false);
      expect(await one.flags.swap('ramp', winner, 'next')).toBe(true);
      expect(await other.flags.get('ramp')).toBe('next');
    });

    test('is the log of a plan, from capture to a target that was loaded twice', async () => {
      const home = join(folder, 'plan');
      const points = somePoints(20);
      await writeCollection('sqlite-vec', join(home, 'source'), points);
      const migration = new Migration(home);
      migration.plan(
        'sqlite-vec:./source#docs',
        'lancedb:./lance#docs',
        `verify: { against: export }\ncutover:\n  log: kafka://${broker.address}/plan\n  versions: ./versions\n  writers: [api-1]\n`,
      );
      await expect(migration.run()).rejects.toThrow('there is no change log');
      const log = await open('plan');
      const writing = (use: (writer: DualWriter) => Promise<unknown>) =>
        withCollection('sqlite-vec', join(home, 'source'), 'open', async ({ points: own }) => {
          const versions = new MemoryVersions();
          const primary = new CollectionTarget({ place: 'source', points: own!, versions });
          const outbox = new LogFirstOutbox({ log, primary });
          const options = { flags: log.flags, direct: async () => {}, instance: 'api-1' };
          await use(await DualWriter.open({ outbox, ...options }));
        });
      await writing((writer) => writer.captureOn('docs'));
      await migration.runThrough();
      await writing(async (writer) => {
        await writer.upsert('docs', { ...points[0]!, metadata: { ...points[0]!.metadata, name: 'updated' } });
        await writer.delete('docs', points[1]!.id);
      });
      const target = async () =>
        withCollection('lancedb', join(home, 'lance'), 'open', async ({ points: own }) => {
          const found = await own!.get([points[0]!.id, points[1]!.id]);
          expect(found.map(({ id, metadata }) => [id, metadata['name']])).toEqual([
            [points[0]!.id, 'updated'],
          ]);
        });
      await migration.run({ again: ['synchronise'], reason: 'more was written' });
      await target();
      // A target that is loaded anew gets the log from its first entry on.
      await migration.run({ again: ['load'], reason: 'a doubt' });
      await migration.run({ accept: ['replace-target'], reason: 'a test' });
      await target();
    });

    test.each([
      ['compaction', { 'cleanup.policy': 'compact' }, 'takes its idempotency key along'],
      ['a retention', { 'retention.ms': '604800000' }, 'a backfill or a pause that lasts longer'],
      ['a size', { 'retention.ms': '-1', 'retention.bytes': '1000000' }, 'a burst of changes'],
    ])('is not kept in a topic with %s', async (name, configs, why) => {
      const topic = `refused-${name.replaceAll(' ', '-')}`;
      await makeTopic(topic, configs);
      await expect(open(topic)).rejects.toThrow(why);
    });

    test('says everything that is wrong with a topic, and takes a retention that is long enough', async () => {
      await makeTopic('refused-all', { 'cleanup.policy': 'compact', 'retention.ms': '1000' }, 3);
      const error = await open('refused-all').catch((each: Error) => each.message);
      expect(error).toContain('it has 3 partitions');
      expect(error).toContain('kafka-configs --alter --add-config retention.ms=-1');
      expect(error).toContain('cleanup.policy is compact');
      const week = 604_800_000;
      await makeTopic('a-week', { 'retention.ms': String(week) });
      await expect(open('a-week', { behindMs: week + 1 })).rejects.toThrow('retention.ms');
      await open('a-week', { behindMs: week });
    });

    test('tells entries that retention took away before they were read', async () => {
      // Of the time that the backfill may take, somebody was wrong.
      await makeTopic('short', { 'retention.ms': '60000', 'segment.ms': '100' });
      const log = await open('short', { behindMs: 60_000 });
      await log.append([upsert('a')]);
      const changing = await admin();
      await changing.deleteRecords({
        topics: [{ name: 'short', partitions: [{ partition: 0, offset: 1n }] }],
      });
      await changing.close();
      await log.append([upsert('b')]);
      const replayer = new Replayer({
        source: log,
        cursors: log,
        consumer: 'target',
        target: new MemoryTarget(),
      });
      await expect(replayer.step()).rejects.toThrow('they were removed by retention or trimmed');
    });

    test('refuses a topic that others write to', async () => {
      await makeTopic('theirs', { 'retention.ms': '-1' });
      const { Producer } = await loadKafka();
      const producer = new Producer({ clientId: 'other', ...connection(), idempotent: true, acks: -1 });
      const value = Buffer.from('{"order": 7}');
      await producer.send({ messages: [{ topic: 'theirs', partition: 0, key: Buffer.from('7'), value }] });
      await producer.close();
      await expect(open('theirs')).rejects.toThrow("the message at offset 0 is none of vecproof's");
    });
  },
);
