import type { WaitStrategy } from 'testcontainers';
import { FailureError, messageOf } from '../../common/errors.js';
import type { Endpoint, LaunchedServer, LaunchRequest, ServerState } from '../launch.js';
import { bridgeAddress } from './address.js';
import { controlGroupOf } from './control-group.js';
import { type Dockerode, isNotFound, loadTestcontainers } from './docker.js';
import { ServerLog } from './log.js';
import { removeContainer } from './orphans.js';
import { type FoundImage, prepareImage } from './prepare.js';
import { canReap } from './reaper.js';
import { Usage } from './usage.js';
import { diskUsage } from './volume.js';

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
  const log = new ServerLog(request.logFile);
  const starting = new Starting(spec, request, image, log);
  try {
    const container = await startContainer(starting, await canReap(docker));
    const server = await Running.of(docker, container, starting);
    try {
      await untilReady(server, spec, request.signal);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  } catch (error) {
    log.close();
    if (starting.id !== undefined) await removeContainer(docker, starting.id);
    request.signal.throwIfAborted();
    throw startFailure(error, spec, image, log);
  }
}

class Starting {
  readonly spec: ContainerSpec;
  readonly request: LaunchRequest;
  readonly image: FoundImage;
  readonly log: ServerLog;
  /** Known as soon as the container exists: one that fails to start has to be removed, too. */
  id: string | undefined;

  constructor(spec: ContainerSpec, request: LaunchRequest, image: FoundImage, log: ServerLog) {
    this.spec = spec;
    this.request = request;
    this.image = image;
    this.log = log;
  }
}

/** Does not wait: the server is asked afterwards in any case. */
const AT_ONCE: WaitStrategy = {
  waitUntilReady: async () => undefined,
  withStartupTimeout: () => AT_ONCE,
  isStartupTimeoutSet: () => true,
  getStartupTimeout: () => 0,
};

type Container = Awaited<ReturnType<typeof startContainer>>;

async function startContainer(starting: Starting, reaped: boolean) {
  const { spec, request, image, log } = starting;
  const { GenericContainer, Wait } = loadTestcontainers();
  class Server extends GenericContainer {
    protected override async beforeContainerCreated() {
      // Without this Docker allows as much swap again, and a limit is none.
      if (this.hostConfig.Memory !== undefined) this.hostConfig.MemorySwap = this.hostConfig.Memory;
      // Whatever listens there may have no password: only this machine reaches it.
      const local = process.env['DOCKER_HOST'] === undefined;
      for (const bindings of Object.values(this.hostConfig.PortBindings ?? {}) as { HostIp?: string }[][]) {
        for (const binding of local ? bindings : []) binding.HostIp = '127.0.0.1';
      }
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

/** Asks until it answers, it has ended, or its time is over. */
async function untilReady(server: Running, spec: ContainerSpec, signal: AbortSignal): Promise<void> {
  const end = performance.now() + spec.startSeconds * 1000;
  let exited: ServerState | undefined;
  void server.ended.then((state) => {
    exited = state;
  });
  for (;;) {
    signal.throwIfAborted();
    try {
      return await spec.ask(server.endpoint);
    } catch (error) {
      if (exited !== undefined) throw new Error(`it ended with exit code ${exited.code}`);
      if (performance.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

class Running implements LaunchedServer {
  readonly endpoint: Endpoint;
  readonly image: FoundImage;
  readonly handle: LaunchedServer['handle'];
  readonly ended: Promise<ServerState>;
  readonly #docker: Dockerode;
  readonly #id: string;
  readonly #usage: Usage | undefined;
  readonly #log: ServerLog;
  readonly #dataPath: string;
  #stopped = false;

  static async of(docker: Dockerode, container: Container, { spec, image, log }: Starting): Promise<Running> {
    const inner = await bridgeAddress(container.getIpAddress('bridge'), spec.port);
    const endpoint: Endpoint = {
      host: inner ?? container.getHost(),
      port: inner === undefined ? container.getMappedPort(spec.port) : spec.port,
      tls: false,
      secrets: spec.secrets,
      settings: spec.settings,
    };
    const { State } = await docker.getContainer(container.getId()).inspect();
    const group = State.Pid > 0 ? controlGroupOf(State.Pid) : undefined;
    const usage = group === undefined ? undefined : new Usage(group);
    return new Running(docker, container.getId(), endpoint, image, usage, log, spec.dataPath);
  }

  private constructor(
    docker: Dockerode,
    id: string,
    endpoint: Endpoint,
    image: FoundImage,
    usage: Usage | undefined,
    log: ServerLog,
    dataPath: string,
  ) {
    this.endpoint = endpoint;
    this.image = image;
    this.#docker = docker;
    this.#id = id;
    this.#usage = usage;
    this.#log = log;
    this.#dataPath = dataPath;
    const { socketPath } = docker.modem as { socketPath?: string };
    this.handle = socketPath === undefined ? undefined : { socketPath, id };
    this.ended = this.#waitForEnd();
  }

  memoryPeak(): number | undefined {
    return this.#usage?.takePeak();
  }

  cpuSeconds(): number | undefined {
    return this.#usage?.cpuSeconds();
  }

  diskBytes(): Promise<number | undefined> {
    return diskUsage(this.#docker, this.#id, this.#dataPath);
  }

  async status(): Promise<ServerState> {
    const outOfMemory = this.#usage?.outOfMemory ?? false;
    try {
      const { State } = await this.#docker.getContainer(this.#id).inspect();
      if (State.Paused) return { state: 'paused', outOfMemory };
      if (State.Running) return { state: 'running', outOfMemory };
      return { state: 'exited', code: State.ExitCode, outOfMemory: outOfMemory || State.OOMKilled };
    } catch (error) {
      if (isNotFound(error)) return { state: 'exited', outOfMemory };
      throw error;
    }
  }

  logTail(lines: number): readonly string[] {
    return this.#log.tail(lines);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#usage?.stop();
    await removeContainer(this.#docker, this.#id);
    this.#log.close();
  }

  /** Docker tells when a container ends: nothing has to be asked again and again. */
  async #waitForEnd(): Promise<ServerState> {
    try {
      await this.#docker.getContainer(this.#id).wait();
    } catch (error) {
      // Only a container that is gone has ended; a broken connection to Docker says nothing about the server.
      if (!isNotFound(error)) return new Promise(() => undefined);
    }
    return this.#stopped ? new Promise(() => undefined) : this.status();
  }
}

function requireMemory({ engine, minimumMemoryBytes }: ContainerSpec, { memoryBytes }: LaunchRequest): void {
  if (memoryBytes === undefined || memoryBytes >= minimumMemoryBytes) return;
  throw new FailureError('the memory limit is below what the server needs to start', {
    where: `${engine}: memory`,
    got: `${Math.round(memoryBytes / 2 ** 20)}MiB`,
    next: `set memory: to at least ${Math.round(minimumMemoryBytes / 2 ** 20)}MiB`,
  });
}

function startFailure(error: unknown, spec: ContainerSpec, image: FoundImage, log: ServerLog): FailureError {
  const tail = log.tail(8);
  const said = tail.length === 0 ? '' : `\nlast lines of its log:\n${tail.join('\n')}`;
  return new FailureError(`the server did not start: ${messageOf(error)}${said}`, {
    where: `${spec.engine}: ${image.name}`,
    next: 'look at the log above; a memory limit that is too low and a foreign image are the usual causes',
    cause: error,
  });
}
