import { FailureError } from '../../../common/errors.js';
import { type Admin, type Metadata, saysKafka } from './client.js';

/** What a topic has to keep so that no change is lost. */
const OURS = {
  // Compaction would forget idempotency keys, and with them that a mutation was sent before.
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'unclean.leader.election.enable': 'false',
};

export interface TopicOptions {
  topic: string;
  /** Copies of it on brokers; as the cluster has it, if absent. */
  replicas?: number | undefined;
  /**
   * How long a consumer may be behind at most, in milliseconds: backfill and pauses. A topic that keeps messages for at least
   * so long is taken. Absent: only one that keeps them until they are trimmed.
   */
  behindMs?: number | undefined;
  /** False: one that is not there is an error, and not made. */
  make?: boolean | undefined;
}

/**
 * Makes the topic where it is not there. A topic that is there stays as it is.
 * @throws FailureError for one that is not there and is not to be made
 */
export async function makeTopic(
  admin: Admin,
  { topic, replicas = -1, make = true }: TopicOptions,
): Promise<void> {
  if ((await admin.listTopics()).includes(topic)) return;
  if (!make)
    throw new FailureError('there is no change log', {
      where: `Kafka, topic ${topic}`,
      next: 'the application makes it: open its DualWriter once',
    });
  const configs = Object.entries(OURS).map(([name, value]) => ({ name, value }));
  try {
    await admin.createTopics({ topics: [topic], partitions: 1, replicas, configs });
  } catch (error) {
    // Another instance was as fast.
    if (!saysKafka(error, 'TOPIC_ALREADY_EXISTS')) throw error;
  }
}

const TOPIC = 2;

/**
 * @returns the largest message that it takes, in bytes
 * @throws FailureError for a topic that would lose changes, with all reasons at once
 */
export async function requireTopic(
  admin: Admin,
  { topics }: Metadata,
  { topic, behindMs }: TopicOptions,
): Promise<number> {
  const names = [...Object.keys(OURS), 'max.message.bytes'];
  const [described] = await admin.describeConfigs({
    resources: [{ resourceType: TOPIC, resourceName: topic, configurationKeys: names }],
  });
  const has = new Map(described!.configs.map(({ name, value }) => [name, value]));
  const faults = [
    ...partitionFault(topics.get(topic)?.partitions.length),
    ...Object.entries(OURS).flatMap(([name, wanted]) => {
      const value = has.get(name) ?? null;
      if (value === wanted || (name === 'retention.ms' && isLong(value, behindMs))) return [];
      return [`${name} is ${value}: ${WHY[name]} (kafka-configs --alter --add-config ${name}=${wanted})`];
    }),
  ];
  if (faults.length > 0) {
    throw new FailureError(`would lose changes: ${faults.join('; ')}`, {
      where: `Kafka, topic ${topic}`,
      next: 'change the topic, or give the change log another name, which is made as it has to be',
    });
  }
  return Number(has.get('max.message.bytes'));
}

function partitionFault(partitions: number | undefined): string[] {
  if (partitions === 1) return [];
  return [`it has ${partitions} partitions: the order of a change log is that of one`];
}

function isLong(value: string | null, behindMs: number | undefined): boolean {
  return behindMs !== undefined && value !== null && Number(value) >= behindMs;
}

const WHY: Readonly<Record<string, string>> = {
  'cleanup.policy': 'what is compacted away takes its idempotency key along',
  'retention.ms': 'a backfill or a pause that lasts longer loses what came meanwhile',
  'retention.bytes': 'a burst of changes pushes out those that nobody has read yet',
  'unclean.leader.election.enable': 'a broker that is behind may forget what another one has acknowledged',
};
