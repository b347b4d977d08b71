import { expect, test } from 'vitest';
import type { Consumer, Message, Producer } from '../../../migration/changes/kafka/client.js';
import { type Entry, entryOf, messageOf } from '../../../migration/changes/kafka/entries.js';
import { TopicReader } from '../../../migration/changes/kafka/reader.js';
import { Sender } from '../../../migration/changes/kafka/sender.js';
import { upsert } from './log-contract.js';

// What a broker does is tested in test/migration/kafka.test.ts, with one.

const deletion: Entry = {
  kind: 'delete',
  collection: 'docs',
  tenant: 't',
  id: 7n,
  idempotencyKey: 'd',
  at: 3,
};

test('a deletion is a message with the row’s key and a value, which no compaction takes for a tombstone', () => {
  const { key, value } = messageOf(deletion);
  expect(key.equals(messageOf(upsert(7n, 1, { tenant: 't' })).key)).toBe(true);
  expect(value.length).toBeGreaterThan(0);
  expect(entryOf(value, 'here', 0n)).toEqual(deletion);
  expect(messageOf(upsert('7', 1, { tenant: 't' })).key.equals(key), '7 and "7" are two rows').toBe(false);
});

test.each([
  null,
  Buffer.from('{'),
  Buffer.from('{"f":2,"kind":"upsert"}'),
  Buffer.from('{"f":1,"kind":"x"}'),
])('a message that is none of ours is told with its offset: %s', (value) => {
  expect(() => entryOf(value, 'Kafka, topic t', 41n)).toThrow(
    "Kafka, topic t: the message at offset 41 is none of vecproof's",
  );
});

test('entries that compaction has taken out of the middle are missed', async () => {
  const record = (offsetDelta: number) => ({ offsetDelta, value: messageOf(deletion).value });
  const partition = {
    highWatermark: 9n,
    logStartOffset: 0n,
    records: [{ firstOffset: 4n, attributes: 0, records: [record(0), record(1), record(4)] }],
  };
  const consumer = {
    metadata: async () => ({ topics: new Map([['t', { id: 'x', partitions: [{ leader: 1 }] }]]) }),
    fetch: async () => ({ responses: [{ partitions: [partition] }] }),
  } as unknown as Consumer;
  const reader = new TopicReader(consumer, 't');
  await expect(reader.read(5n)).rejects.toThrow('entries of offsets 6 to 7 are not there: compaction');
  await expect(reader.read(8n)).resolves.toMatchObject({ entries: [{ offset: 8n }], end: 9n });
});

/** Like the client's 1.35: two requests at a time get the same numbers, and the broker drops the second as a repetition. */
class OneAtATime implements Producer {
  static end = 0n;
  static made = 0;
  batches: number[] = [];
  fails = false;
  #busy = false;

  constructor() {
    OneAtATime.made++;
  }

  async send({ messages }: { messages: readonly Message[] }) {
    if (this.#busy) throw new Error('two at a time');
    this.#busy = true;
    await new Promise((resolve) => setImmediate(resolve));
    this.#busy = false;
    if (this.fails) throw new Error('down');
    this.batches.push(messages.length);
    const offset = OneAtATime.end;
    OneAtATime.end += BigInt(messages.length);
    return { offsets: [{ offset }] };
  }

  async close(): Promise<void> {}
}

test('one batch is under way at a time, what comes meanwhile is the next, and a failure ends its producer', async () => {
  const made: OneAtATime[] = [];
  const make = () => {
    const producer = new OneAtATime();
    made.push(producer);
    return producer;
  };
  const message: Message = { topic: 't', partition: 0, ...messageOf(deletion) };
  const sender = new Sender(make, 2000);
  const first = sender.send([message]);
  await Promise.resolve();
  await Promise.resolve();
  const rest = Array.from({ length: 20 }, () => sender.send([message, message]));
  expect(await Promise.all([first, ...rest])).toEqual([0n, ...rest.map((_, i) => BigInt(1 + 2 * i))]);
  const batches = made[0]!.batches;
  expect(batches.length).toBeLessThan(15);
  expect(Math.max(...batches)).toBeLessThan(20);
  made[0]!.fails = true;
  await expect(sender.send([message])).rejects.toThrow('down');
  expect(await sender.send([message])).toBe(41n);
  expect(made).toHaveLength(2);
});
