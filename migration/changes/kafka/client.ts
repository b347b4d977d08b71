import { ClientError } from '../../../engines/kit/packages.js';

/** The optional package that speaks Kafka's protocol. */
export const KAFKA_CLIENT = '@platformatic/kafka';

/** As much of it as is used, of its lines 1 and 2. */
export interface KafkaClient {
  Admin: new (options: KafkaConnection) => Admin;
  Producer: new (options: KafkaConnection & { idempotent: true; acks: -1 }) => Producer;
  Consumer: new (options: KafkaConnection & { groupId: string }) => Consumer;
}

/**
 * How brokers are reached, as the package has it: `bootstrapBrokers`, and where need be `tls`, `sasl` and limits of time.
 * Docs of @platformatic/kafka: "Base Client".
 */
export interface KafkaConnection {
  clientId: string;
  /** `host:port` of some of them. */
  bootstrapBrokers: string[];
  [option: string]: unknown;
}

export interface Producer {
  send(options: { messages: readonly Message[] }): Promise<{ offsets?: readonly { offset: bigint }[] }>;
  close(force?: boolean): Promise<void>;
}

export interface Message {
  topic: string;
  partition: number;
  key: Buffer;
  value: Buffer;
}

export interface Consumer {
  metadata(options: { topics: string[]; forceUpdate?: boolean }): Promise<Metadata>;
  fetch(
    options: FetchOptions,
  ): Promise<{ responses: readonly { partitions: readonly FetchedPartition[] }[] }>;
  close(force?: boolean): Promise<void>;
}

interface FetchOptions {
  node: number;
  minBytes: number;
  maxBytes: number;
  maxWaitTime: number;
  topics: {
    topicId: string;
    partitions: {
      partition: number;
      fetchOffset: bigint;
      currentLeaderEpoch: number;
      lastFetchedEpoch: number;
      partitionMaxBytes: number;
    }[];
  }[];
}

export interface FetchedPartition {
  highWatermark: bigint;
  logStartOffset: bigint;
  records?: readonly {
    firstOffset: bigint;
    /** Of RecordBatch: 32 says that it is one of Kafka's own. */
    attributes: number;
    records: readonly { offsetDelta: number; value: Buffer | null }[];
  }[];
}

export interface Metadata {
  topics: Map<string, { id: string; partitions: readonly { leader: number }[] }>;
}

export interface Admin {
  listTopics(): Promise<string[]>;
  createTopics(options: {
    topics: string[];
    partitions: number;
    replicas: number;
    configs: { name: string; value: string }[];
  }): Promise<unknown>;
  deleteTopics(options: { topics: string[] }): Promise<void>;
  describeConfigs(options: {
    resources: { resourceType: number; resourceName: string; configurationKeys: string[] }[];
  }): Promise<readonly { configs: readonly { name: string; value: string | null }[] }[]>;
  deleteRecords(options: {
    topics: { name: string; partitions: { partition: number; offset: bigint }[] }[];
  }): Promise<unknown>;
  listOffsets(options: {
    topics: { name: string; partitions: { partitionIndex: number; timestamp: bigint }[] }[];
  }): Promise<readonly { partitions: readonly { offset: bigint }[] }[]>;
  alterConsumerGroupOffsets(options: {
    groupId: string;
    topics: { name: string; partitionOffsets: { partition: number; offset: bigint }[] }[];
  }): Promise<void>;
  listConsumerGroupOffsets(options: {
    groups: string[];
  }): Promise<
    readonly { topics: readonly { name: string; partitions: readonly { committedOffset: bigint }[] }[] }[]
  >;
  deleteGroups(options: { groups: string[] }): Promise<void>;
  close(): Promise<void>;
}

/** @throws ClientError with the command that installs it */
export async function loadKafka(): Promise<KafkaClient> {
  try {
    return (await import(KAFKA_CLIENT)) as KafkaClient;
  } catch (error) {
    throw new ClientError(KAFKA_CLIENT, error);
  }
}

/** Whether Kafka itself has said this, e.g. `OFFSET_OUT_OF_RANGE`. */
export function saysKafka(error: unknown, id: string): boolean {
  const { apiId, errors, cause } = (error ?? {}) as { apiId?: unknown; errors?: unknown; cause?: unknown };
  if (apiId === id) return true;
  if (Array.isArray(errors) && errors.some((each) => saysKafka(each, id))) return true;
  return cause !== undefined && saysKafka(cause, id);
}
