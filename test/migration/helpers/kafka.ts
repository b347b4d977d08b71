import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { packageVersion } from '../../../engines/kit/packages.js';
import { KAFKA_CLIENT } from '../../../migration/changes/kafka/client.js';

/** A folder with the jars of a broker; kafka-broker.pom.xml says which, and how they are fetched. */
const JARS = process.env['VECPROOF_KAFKA_JARS'];

/** Why there is no broker; undefined: one can be started. */
export function noBroker(): string | undefined {
  if (JARS === undefined) return 'VECPROOF_KAFKA_JARS names no folder with the jars of Apache Kafka';
  if (!existsSync(JARS) || !readdirSync(JARS).some((name) => name.startsWith('kafka_')))
    return `there is no Apache Kafka in ${JARS}`;
  if (packageVersion(KAFKA_CLIENT) === undefined) return `${KAFKA_CLIENT} is not installed`;
  return spawnSync('java', ['-version']).status === 0 ? undefined : 'there is no Java';
}

export interface Broker {
  address: string;
  /** Like a machine that loses its power. */
  kill(): Promise<void>;
  /** The same data again. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** One broker that is its own controller, as Apache's quickstart has it. */
export async function startBroker(folder: string): Promise<Broker> {
  mkdirSync(folder, { recursive: true });
  const [port, controller] = [await freePort(), await freePort()];
  const config = join(folder, 'server.properties');
  writeFileSync(config, properties({ folder, port, controller }));
  const java = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', join(JARS!, '*')];
  execFileSync(
    'java',
    [...java, 'kafka.tools.StorageTool', 'format', '-t', 'MkU3OEVBNTcwNTJENDM2Qk', '-c', config],
    { stdio: 'ignore' },
  );
  let child: ChildProcess | undefined;
  const kill = async () => {
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  const start = async () => {
    child = spawn('java', [...java, 'kafka.Kafka', config], { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout!.resume();
    await answers(port, child);
  };
  await start();
  return { address: `127.0.0.1:${port}`, kill, start, stop: kill };
}

function properties({ folder, port, controller }: { folder: string; port: number; controller: number }) {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}
controller.listener.names=CONTROLLER
log.dirs=${join(folder, 'data')}
num.partitions=3
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
# What is compacted or too old goes while a test waits for it.
log.cleaner.backoff.ms=100
log.cleaner.dedupe.buffer.size=2097152
log.retention.check.interval.ms=200
log.initial.task.delay.ms=200
log.segment.delete.delay.ms=100
`;
}

async function answers(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the broker has ended with ${child.exitCode}`);
    const socket = connect(port, '127.0.0.1');
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isThere) return;
    await pause(50);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
