import type { WaitStrategy } from 'testcontainers';
import { FailureError, messageOf } from '../../common/errors.js';
import type { Endpoint, ImageFacts, LaunchedServer, LaunchRequest } from '../contract/server.js';
import { publishedOn } from './binding.js';
import { ContainerServer } from './container-server.js';
import { type Dockerode, loadTestcontainers } from './docker.js';
import { ServerLog } from './log.js';
import { removeContainer } from './orphans.js';
import { prepareImage } from './prepare.js';
import { canReap } from './reaper.js';

/** What differs from one server to another. */
export interface ContainerSpec {
  engine: string;
  /** Port inside the container that clients use. */
  port: number;
  environment?: Readonly<Record<string, string>> | undefined;
  command?: readonly string[] | undefined;
  /** Folder of its data. */
  dataPath: string;
  /** Limit of /dev/shm in bytes; Docker's own is 64 MiB. */
  sharedMemoryBytes?: number | undefined;
  /** Below this the server does not start; such a limit is refused. */
  minimumMemoryBytes: number;
  /** A line of its log after which it can be asked. */
  readyLine?: RegExp | undefined;
  /** Seconds until it must answer. */
  startSeconds: number;
  secrets: Readonly<Record<string, string>>;
  settings: Readonly<Record<string, string>>;
  /** Asks the server whether it is ready; throws while it is not. */
  ask(endpoint: Endpoint): Promise<void>;
}

/**
 * Starts a server in a container of its own and waits until it answers. Throws FailureError with the last lines of
 * the server's log; nothing is left behind then.
 */
export async function launchContainer(spec: ContainerSpec, request: LaunchRequest): Promise<LaunchedServer> {
  requireMemory(spec, request);
  const { docker, image } = await prepareImage(spec.engine, request);
  request.signal.throwIfAborted();
  const log = new ServerLog(request.logFile, spec.secrets);
  const starting: Starting = { spec, request, image, log };
  let server: ContainerServer | undefined;
  try {
    const address = await addressFor(spec, request, docker);
    const container = await startContainer(starting, await canReap(docker), address);
    const { signal } = request;
    const at = { docker, id: container.getId(), host: container.getHost() };
    server = new ContainerServer({ ...spec, ...at, image, log, signal });
    await server.untilReady();
    return server;
  } catch (error) {
    if (server === undefined) log.close();
    else await server.stop();
    if (starting.id !== undefined) await removeContainer(docker, starting.id);
    request.signal.throwIfAborted();
    throw startFailure(error, spec, image, log);
  }
}

interface Starting {
  spec: ContainerSpec;
  request: LaunchRequest;
  image: ImageFacts;
  log: ServerLog;
  /** Known as soon as the container exists: one that fails to start has to be removed, too. */
  id?: string;
}

/** Does not wait: the server is asked afterwards in any case. */
const AT_ONCE: WaitStrategy = {
  waitUntilReady: async () => undefined,
  withStartupTimeout: () => AT_ONCE,
  isStartupTimeoutSet: () => true,
  getStartupTimeout: () => 0,
};

/** Where its port is published. */
async function addressFor(
  { engine, secrets }: ContainerSpec,
  { onNotice }: LaunchRequest,
  docker: Dockerode,
): Promise<string> {
  const { socketPath, host = '' } = docker.modem as { socketPath?: string; host?: string };
  return publishedOn({ engine, socketPath, host, protected: Object.keys(secrets).length > 0, onNotice });
}

async function startContainer(starting: Starting, reaped: boolean, address: string) {
  const { spec, request, image, log } = starting;
  const { GenericContainer, Wait } = loadTestcontainers();
  class Server extends GenericContainer {
    protected override async beforeContainerCreated() {
      // Without this Docker allows as much swap again, and a limit is none.
      if (this.hostConfig.Memory !== undefined) this.hostConfig.MemorySwap = this.hostConfig.Memory;
      for (const bindings of Object.values(this.hostConfig.PortBindings ?? {}) as { HostIp?: string }[][]) {
        for (const binding of bindings) binding.HostIp = address;
      }
      // No process of it gains rights that it does not have.
      this.hostConfig.SecurityOpt = ['no-new-privileges'];
    }
    protected override async containerCreated(id: string) {
      starting.id = id;
    }
  }
  const container = new Server(image.name)
    .withExposedPorts(spec.port)
    .withEnvironment({ ...spec.environment })
    .withLabels({ ...request.labels })
    .withLogConsumer(log.take)
    .withAutoCleanup(reaped)
    .withStartupTimeout(spec.startSeconds * 1000)
    .withWaitStrategy(spec.readyLine === undefined ? AT_ONCE : Wait.forLogMessage(spec.readyLine));
  if (spec.command !== undefined) container.withCommand([...spec.command]);
  if (spec.sharedMemoryBytes !== undefined) container.withSharedMemorySize(spec.sharedMemoryBytes);
  const { memoryBytes, cpus } = request;
  container.withResourcesQuota({
    ...(memoryBytes !== undefined && { memory: memoryBytes / 2 ** 30 }),
    ...(cpus !== undefined && { cpu: cpus }),
  });
  return container.start();
}

function requireMemory({ engine, minimumMemoryBytes }: ContainerSpec, { memoryBytes }: LaunchRequest): void {
  if (memoryBytes === undefined || memoryBytes >= minimumMemoryBytes) return;
  throw new FailureError('the memory limit is below what the server needs to start', {
    where: `${engine}: memory`,
    got: `${Math.round(memoryBytes / 2 ** 20)}MiB`,
    next: `set memory: to at least ${Math.round(minimumMemoryBytes / 2 ** 20)}MiB`,
  });
}

function startFailure(error: unknown, spec: ContainerSpec, image: ImageFacts, log: ServerLog): FailureError {
  const tail = log.tail(8);
  const said = tail.length === 0 ? '' : `\nlast lines of its log:\n${tail.join('\n')}`;
  return new FailureError(`the server did not start: ${messageOf(error)}${said}`, {
    where: `${spec.engine}: ${image.name}`,
    next: 'look at the log above; a memory limit that is too low and a foreign image are the usual causes',
    cause: error,
  });
}
