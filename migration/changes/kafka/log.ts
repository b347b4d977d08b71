import { FailureError, InputError, shorten, messageOf as wordsOf } from '../../../common/errors.js';
import { type Change, type Logged, type NewChange, type Position, requireSame } from '../change.js';
import type { Appended, Backlog, ChangeLog, Start } from '../log.js';
import {
  type Admin,
  type Consumer,
  type KafkaConnection,
  loadKafka,
  type Message,
  saysKafka,
} from './client.js';
import { type Entry, isRow, logged, messageOf } from './entries.js';
import { type Placed, TopicReader } from './reader.js';
import { OVERHEAD, Sender } from './sender.js';
import { TopicState } from './state.js';
import { makeTopic, requireTopic, type TopicOptions } from './topic.js';

export interface KafkaLogOptions extends TopicOptions {
  /** `bootstrapBrokers`, and what else @platformatic/kafka needs to reach them (`tls`, `sasl`, `timeout`, …). */
  connection: Omit<KafkaConnection, 'clientId'> & { clientId?: string; bootstrapBrokers: string[] };
}

/**
 * A change log in a topic of Apache Kafka, with one partition: offsets are positions and versions. It is written by
 * idempotent producers and acknowledged by all in-sync brokers.
 *
 * Everybody who has the log open reads all of it once, and then what is added: which mutation was the first with its
 * idempotency key follows from the order alone, so that a mutation that was sent twice counts once for all. It takes some
 * 100 bytes of memory a change.
 *
 * Cursors are committed offsets of groups (`vecproof.<topic>.<consumer>`), which Kafka's own tools show. Kafka forgets those that
 * nobody moves for a week (`offsets.retention.minutes`): such a consumer begins again where it began, which does no harm.
 */
export class KafkaChangeLog implements ChangeLog {
  readonly place: string;
  readonly #topic: string;
  readonly #admin: Admin;
  readonly #consumer: Consumer;
  readonly #reader: TopicReader;
  readonly #sender: Sender;
  readonly #state: TopicState;
  readonly #acknowledged = new Map<string, Position>();
  readonly #mostBytes: number;
  readonly #batchBytes: number;

  private constructor(parts: {
    topic: string;
    admin: Admin;
    consumer: Consumer;
    sender: Sender;
    start: bigint;
    mostBytes: number;
  }) {
    this.#topic = parts.topic;
    this.#admin = parts.admin;
    this.#consumer = parts.consumer;
    this.#sender = parts.sender;
    this.#reader = new TopicReader(parts.consumer, parts.topic);
    this.#state = new TopicState(parts.start);
    this.#mostBytes = parts.mostBytes;
    this.#batchBytes = Math.floor(parts.mostBytes / 2);
    this.place = this.#reader.place;
  }

  /**
   * Makes the topic where it is not there, and reads what is in it.
   * @throws ClientError without the package, FailureError for a topic that would lose changes or that others write to
   */
  static async open({ connection, ...options }: KafkaLogOptions): Promise<KafkaChangeLog> {
    const { Admin, Consumer, Producer } = await loadKafka();
    const { topic } = options;
    const base: KafkaConnection = { clientId: 'vecproof', ...connection };
    const admin = new Admin(base);
    const consumer = new Consumer({ ...base, groupId: `vecproof.${topic}` });
    const makeProducer = () => new Producer({ ...base, idempotent: true, acks: -1 });
    try {
      return await reaching(`Kafka, topic ${topic}`, async () => {
        await makeTopic(admin, options);
        const metadata = await consumer.metadata({ topics: [topic], forceUpdate: true });
        const mostBytes = await requireTopic(admin, metadata, options);
        const start = await offsetAt(admin, topic, EARLIEST);
        const sender = new Sender(makeProducer, Math.floor(mostBytes / 2));
        const log = new KafkaChangeLog({ topic, admin, consumer, sender, start, mostBytes });
        await log.#catchUp();
        return log;
      });
    } catch (error) {
      await Promise.all([admin.close(), consumer.close(true)]);
      throw error;
    }
  }

  append(changes: readonly NewChange[], signal?: AbortSignal): Promise<readonly Appended[]> {
    return reaching(this.place, async () => {
      signal?.throwIfAborted();
      const offsets = await this.#send(changes);
      const appended: Appended[] = [];
      for (const [i, change] of changes.entries()) {
        const first = this.#state.firstOf(change.idempotencyKey)!;
        const repeated = first !== offsets[i];
        if (repeated) await this.#requireSame(change, first);
        appended.push({ ...logged(first), repeated });
      }
      return appended;
    });
  }

  /** @returns their offsets; what is known of the topic reaches behind them then */
  async #send(entries: readonly Entry[]): Promise<bigint[]> {
    const offsets: bigint[] = [];
    for (const part of this.#parts(entries)) {
      const base = await this.#sender.send(part.map(({ message }) => message));
      const placed = part.map(({ entry }, i) => ({ offset: base + BigInt(i), entry }));
      // Nobody else has written in between, as a rule: nothing has to be read again.
      this.#state.learn(placed);
      offsets.push(...placed.map(({ offset }) => offset));
    }
    const last = offsets.at(-1);
    if (last !== undefined) await this.#catchUp(last + 1n);
    return offsets;
  }

  /** @throws InputError for a message that the topic does not take, before anything is sent */
  #parts(entries: readonly Entry[]): { entry: Entry; message: Message }[][] {
    const parts: { entry: Entry; message: Message }[][] = [];
    let room = 0;
    for (const entry of entries) {
      const { key, value } = messageOf(entry);
      const size = key.length + value.length + OVERHEAD;
      if (size > this.#mostBytes) throw this.#tooLarge(entry, size);
      if (size > room) {
        parts.push([]);
        room = this.#batchBytes;
      }
      parts.at(-1)!.push({ entry, message: { topic: this.#topic, partition: 0, key, value } });
      room -= size;
    }
    return parts;
  }

  #tooLarge(entry: Entry, size: number): InputError {
    const what = isRow(entry) ? `the change of ${shorten(entry.id)}` : `a ${entry.kind}`;
    return new InputError(`${what} is larger than a message may be; it was not taken`, {
      where: this.place,
      got: `${size} bytes`,
      next: `raise max.message.bytes of the topic (${this.#mostBytes} now), and open the log again`,
    });
  }

  async #requireSame(change: NewChange, first: bigint): Promise<void> {
    const { entries } = await this.#reader.read(first);
    const there = entries[0]?.entry;
    if (there !== undefined && isRow(there)) requireSame(change, there, this.place);
  }

  /** Reads what has been added, up to an offset or to the end. */
  async #catchUp(to?: bigint): Promise<void> {
    while (to === undefined || this.#state.next < to) {
      const { entries, end } = await this.#reader.read(this.#state.next);
      this.#state.learn(entries);
      if (to === undefined && this.#state.next >= end) return;
      if (entries.length === 0) throw this.#shorter(end);
    }
  }

  #shorter(end: bigint): FailureError {
    return new FailureError(`the topic ends at offset ${end}, and was longer before`, {
      where: this.place,
      got: `${this.#state.next} entries were read`,
      next: 'brokers have lost what they had acknowledged: begin the migration anew',
    });
  }

  mark(collection: string, name: string): Promise<Logged> {
    return reaching(this.place, async () => {
      const [offset] = await this.#send([{ kind: 'marker', collection, name, at: Date.now() }]);
      return logged(offset!);
    });
  }

  read(after: Position | null, limit: number, signal?: AbortSignal): Promise<readonly Change[]> {
    return reaching(this.place, async () => {
      const changes: Change[] = [];
      let from = after ?? 0n;
      while (changes.length < limit) {
        signal?.throwIfAborted();
        const page = await this.#page(from);
        if (page.length === 0) break;
        for (const placed of page) {
          from = placed.offset + 1n;
          if (this.#state.isChange(placed)) changes.push(changeOf(placed));
          if (changes.length === limit) break;
        }
      }
      return changes;
    });
  }

  async #page(from: bigint): Promise<readonly Placed[]> {
    if (this.#state.next < from) await this.#catchUp(from);
    const { entries } = await this.#reader.read(from);
    this.#state.learn(entries);
    const last = entries.at(-1);
    if (last !== undefined) await this.#catchUp(last.offset + 1n);
    return entries;
  }

  watermark(): Promise<Position> {
    return reaching(this.place, async () => {
      const before = this.#state.next;
      const end = await offsetAt(this.#admin, this.#topic, LATEST);
      if (end < before) throw this.#shorter(end);
      return end;
    });
  }

  begin(consumer: string, { after, floor }: Start): Promise<void> {
    return reaching(this.place, async () => {
      await this.#catchUp();
      if (this.#state.begun.has(consumer) || (await this.#committed(consumer)) !== null) return;
      await this.#send([{ kind: 'begin', consumer, after, floor }]);
    });
  }

  floor(consumer: string): Promise<bigint> {
    return reaching(this.place, async () => {
      await this.#catchUp();
      return this.#state.begun.get(consumer)?.floor ?? 0n;
    });
  }

  cursor(consumer: string): Promise<Position | null> {
    return reaching(this.place, async () => {
      await this.#catchUp();
      const [committed, begun] = [await this.#committed(consumer), this.#state.begun.get(consumer)?.after];
      return committed === null || (begun !== undefined && begun > committed) ? (begun ?? null) : committed;
    });
  }

  /** Two processes that acknowledge for one consumer may set it back: what comes again then does no harm. */
  acknowledge(consumer: string, position: Position): Promise<void> {
    return reaching(this.place, async () => {
      const there = this.#acknowledged.get(consumer) ?? (await this.#committed(consumer));
      if (there !== null && there >= position) return;
      const partitionOffsets = [{ partition: 0, offset: position }];
      await this.#admin.alterConsumerGroupOffsets({
        groupId: this.#group(consumer),
        topics: [{ name: this.#topic, partitionOffsets }],
      });
      this.#acknowledged.set(consumer, position);
    });
  }

  /** The consumer begins again where it began: with the first entry, if nobody has said otherwise. Its target was made anew. */
  rewind(consumer: string): Promise<void> {
    return reaching(this.place, async () => {
      this.#acknowledged.delete(consumer);
      try {
        await this.#admin.deleteGroups({ groups: [this.#group(consumer)] });
      } catch (error) {
        // It has acknowledged nothing yet.
        if (!saysKafka(error, 'GROUP_ID_NOT_FOUND')) throw error;
      }
    });
  }

  async #committed(consumer: string): Promise<Position | null> {
    const [group] = await this.#admin.listConsumerGroupOffsets({ groups: [this.#group(consumer)] });
    const offset = group?.topics.find(({ name }) => name === this.#topic)?.partitions[0]?.committedOffset;
    return offset === undefined || offset < 0n ? null : offset;
  }

  #group(consumer: string): string {
    // No spaces: the client takes none.
    return `vecproof.${this.#topic}.${encodeURIComponent(consumer)}`;
  }

  /** Reads what the consumer has not: the broker does not tell mutations from markers. */
  async backlog(consumer: string): Promise<Backlog> {
    let at = await this.cursor(consumer);
    const backlog: Backlog = { changes: 0, oldestAt: null };
    for (;;) {
      const page = await this.read(at, 1000);
      if (page.length === 0) return backlog;
      at = page.at(-1)!.position;
      for (const change of page.filter(({ kind }) => kind !== 'marker')) {
        backlog.changes++;
        backlog.oldestAt ??= change.at;
      }
    }
  }

  /** Switches in the same topic, for all instances of the application. */
  get flags(): {
    get(name: string): Promise<string | null>;
    set(name: string, value: string): Promise<void>;
    swap(name: string, was: string | null, value: string): Promise<boolean>;
  } {
    return {
      get: (name) =>
        reaching(this.place, async () => {
          await this.#catchUp();
          return this.#state.flags.get(name) ?? null;
        }),
      set: (name, value) =>
        reaching(this.place, async () => void (await this.#send([{ kind: 'flag', name, value }]))),
      // The topic's order decides, for everybody alike.
      swap: (name, was, value) =>
        reaching(this.place, async () => {
          const [offset] = await this.#send([{ kind: 'flag', name, value, was }]);
          return this.#state.isSet(offset!);
        }),
    };
  }

  /** Removes what every consumer that is named has acknowledged. @returns how many messages */
  async trim(consumers: readonly string[]): Promise<number> {
    const cursors = await Promise.all(consumers.map((consumer) => this.cursor(consumer)));
    if (cursors.length === 0 || cursors.includes(null)) return 0;
    return reaching(this.place, async () => {
      const offset = (cursors as Position[]).reduce((a, b) => (a < b ? a : b));
      const start = await offsetAt(this.#admin, this.#topic, EARLIEST);
      if (offset <= start) return 0;
      await this.#send([this.#state.kept()]);
      const partitions = [{ partition: 0, offset }];
      await this.#admin.deleteRecords({ topics: [{ name: this.#topic, partitions }] });
      return Number(offset - start);
    });
  }

  /** Removes the topic with all that is in it, when the migration is over. */
  drop(): Promise<void> {
    return reaching(this.place, () => this.#admin.deleteTopics({ topics: [this.#topic] }));
  }

  async close(): Promise<void> {
    await this.#sender.close();
    await Promise.all([this.#admin.close(), this.#consumer.close(true)]);
  }
}

function changeOf({ offset, entry }: Placed): Change {
  return { ...(entry as NewChange | (Entry & { kind: 'marker' })), ...logged(offset) };
}

const EARLIEST = -2n;
const LATEST = -1n;

async function offsetAt(admin: Admin, topic: string, timestamp: bigint): Promise<bigint> {
  const [answer] = await admin.listOffsets({
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp }] }],
  });
  return answer!.partitions[0]!.offset;
}

/** What the client says, as an error that says where. */
async function reaching<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isOfClient(error)) throw error;
    throw new FailureError(`the brokers do not do it: ${wordsOf(innermost(error))}`, {
      where: place,
      next: 'check that the brokers run and that these credentials may write to the topic; the same call may be made again',
      cause: error,
    });
  }
}

/** Of one that only says that there was one, what it was. */
function innermost(error: unknown): unknown {
  const { errors, cause } = error as { errors?: unknown; cause?: unknown };
  const inner = Array.isArray(errors) && errors.length > 0 ? (errors[0] as unknown) : cause;
  return inner instanceof Error ? innermost(inner) : error;
}

/** All errors of the package have such a code. */
function isOfClient(error: unknown): boolean {
  return String((error as { code?: unknown })?.code).startsWith('PLT_KFK_');
}
