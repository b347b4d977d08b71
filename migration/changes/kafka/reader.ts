import { FailureError } from '../../../common/errors.js';
import { type Consumer, type FetchedPartition, saysKafka } from './client.js';
import { type Entry, entryOf } from './entries.js';

/** An entry at its offset; undefined: one of Kafka's own. */
export interface Placed {
  offset: bigint;
  entry: Entry | undefined;
}

const PAGE_BYTES = 4 << 20;
/** Of a batch's attributes: Kafka wrote it, for a transaction. */
const CONTROL = 32;

/** The messages of a topic's one partition from any offset, without a group: where it is read is the log's affair. */
export class TopicReader {
  readonly #consumer: Consumer;
  readonly #topic: string;
  #at: { id: string; leader: number } | undefined;

  constructor(consumer: Consumer, topic: string) {
    this.#consumer = consumer;
    this.#topic = topic;
  }

  get place(): string {
    return `Kafka, topic ${this.#topic}`;
  }

  /**
   * What there is from an offset on, some megabytes at most; empty: nothing yet.
   * @throws FailureError where entries are missing that a consumer has not read
   */
  async read(from: bigint): Promise<{ entries: Placed[]; end: bigint }> {
    const { records = [], highWatermark } = await this.#fetched(from);
    const entries: Placed[] = [];
    let next = from;
    for (const { firstOffset, attributes, records: batch } of records) {
      for (const { offsetDelta, value } of batch) {
        const offset = firstOffset + BigInt(offsetDelta);
        if (offset < next) continue;
        if (offset > next) throw this.#missing(next, offset, 'compaction has removed them');
        const isControl = (attributes & CONTROL) !== 0;
        entries.push({ offset, entry: isControl ? undefined : entryOf(value, this.place, offset) });
        next++;
      }
    }
    return { entries, end: highWatermark };
  }

  async #fetched(from: bigint): Promise<FetchedPartition> {
    try {
      return await this.#fetch(from);
    } catch (error) {
      if (saysKafka(error, 'OFFSET_OUT_OF_RANGE'))
        throw this.#missing(from, undefined, 'they were removed by retention or trimmed, or were never kept');
      if (!MOVED.some((id) => saysKafka(error, id))) throw error;
      // Another broker leads by now.
      this.#at = undefined;
      return this.#fetch(from);
    }
  }

  async #fetch(from: bigint): Promise<FetchedPartition> {
    this.#at ??= await this.#find();
    const partition = {
      partition: 0,
      fetchOffset: from,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      partitionMaxBytes: PAGE_BYTES,
    };
    const { responses } = await this.#consumer.fetch({
      node: this.#at.leader,
      minBytes: 0,
      maxWaitTime: 0,
      maxBytes: PAGE_BYTES,
      topics: [{ topicId: this.#at.id, partitions: [partition] }],
    });
    const fetched = responses[0]?.partitions[0];
    if (fetched !== undefined) return fetched;
    throw new FailureError('the broker has not answered for the topic', { where: this.place });
  }

  async #find(): Promise<{ id: string; leader: number }> {
    const { topics } = await this.#consumer.metadata({ topics: [this.#topic], forceUpdate: true });
    const topic = topics.get(this.#topic)!;
    return { id: topic.id, leader: topic.partitions[0]!.leader };
  }

  #missing(from: bigint, to: bigint | undefined, why: string): FailureError {
    const which = to === undefined ? `from offset ${from}` : `of offsets ${from} to ${to - 1n}`;
    return new FailureError(`entries ${which} are not there: ${why}`, {
      where: this.place,
      next: 'what was in them is lost to whoever has not read it: begin the migration anew, with a topic that keeps its messages (retention.ms=-1, cleanup.policy=delete)',
    });
  }
}

const MOVED = ['NOT_LEADER_OR_FOLLOWER', 'FENCED_LEADER_EPOCH', 'UNKNOWN_LEADER_EPOCH', 'UNKNOWN_TOPIC_ID'];
