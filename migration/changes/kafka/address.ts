import type { KafkaLogOptions } from './log.js';

/** `kafka://broker-1:9092,broker-2:9092/topic?tls=true&sasl=SCRAM-SHA-512` */
const ADDRESS = /^kafka:\/\/(?<brokers>[^/?#]*)\/(?<topic>[^/?#]*)(?:\?(?<query>[^#]*))?$/;
const BROKER = /^(?:[a-z0-9.-]+|\[[0-9a-f:]+\]):\d{1,5}$/i;
/** As Kafka takes it. */
const TOPIC = /^[a-zA-Z0-9._-]{1,249}$/;
const MECHANISMS: readonly string[] = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];
export const KAFKA_USERNAME = 'KAFKA_USERNAME';
export const KAFKA_PASSWORD = 'KAFKA_PASSWORD';

export type KafkaAddress =
  | { state: 'ok'; topic: string; brokers: string[]; tls: boolean; mechanism: string | undefined }
  | { state: 'fault'; what: string };

export function isKafka(text: string): boolean {
  return text.startsWith('kafka://');
}

/** A log's address in a plan. It holds no credentials: they are in the environment. */
export function parseKafkaAddress(text: string): KafkaAddress {
  const { brokers = '', topic = '', query = '' } = ADDRESS.exec(text)?.groups ?? {};
  const list = brokers.split(',');
  const parameters = new URLSearchParams(query);
  const tls = parameters.get('tls') ?? 'false';
  const mechanism = parameters.get('sasl') ?? undefined;
  const strange = [...parameters.keys()].find((name) => name !== 'tls' && name !== 'sasl');
  const what = !list.every((broker) => BROKER.test(broker))
    ? 'names no brokers: write kafka://host:port,host:port/topic'
    : !TOPIC.test(topic)
      ? 'names no topic: 1 to 249 letters, digits, dots, underscores and hyphens behind the brokers'
      : strange !== undefined
        ? `has a parameter "${strange}"; there are tls and sasl`
        : tls !== 'true' && tls !== 'false'
          ? 'tls is true or false'
          : mechanism !== undefined && !MECHANISMS.includes(mechanism)
            ? `sasl is one of ${MECHANISMS.join(', ')}`
            : undefined;
  if (what !== undefined) return { state: 'fault', what };
  return { state: 'ok', topic, brokers: list, tls: tls === 'true', mechanism };
}

/** How the package reaches it. */
export function kafkaConnection(
  { brokers, tls, mechanism }: Extract<KafkaAddress, { state: 'ok' }>,
  env: NodeJS.ProcessEnv,
): KafkaLogOptions['connection'] {
  return {
    bootstrapBrokers: brokers,
    ...(tls && { tls: {} }),
    ...(mechanism !== undefined && {
      sasl: { mechanism, username: env[KAFKA_USERNAME], password: env[KAFKA_PASSWORD] },
    }),
  };
}
