/**
 * How a server is started for one build, and how it is watched. The supervisor launches it, so that it outlives a
 * crash of the build's process and is always removed; the build's process gets only the endpoint.
 */

/** Where a server is reached. Credentials are never written anywhere. */
export interface Endpoint {
  host: string;
  port: number;
  tls: boolean;
  /** What must be kept secret: password, token, … */
  secrets: Readonly<Record<string, string>>;
  /** What else the engine's client needs: user, database, … */
  settings: Readonly<Record<string, string>>;
}

/** What the suite's entry says of the server, and what the supervisor adds. */
export interface LaunchRequest {
  /** `docker` starts a container, `url` uses a running server; an engine may have more (`pglite`). */
  mode: string;
  /** Image for `docker`; the pinned one of `docker/images.yaml` if absent. */
  image?: string | undefined;
  /** Address for `url`. */
  url?: string | undefined;
  /** Limits of the container. */
  memoryBytes?: number | undefined;
  cpus?: number | undefined;
  /** Written on everything that is started, so that what a killed run left can be found and removed. */
  labels: Readonly<Record<string, string>>;
  /** Environment of the supervisor: image overrides (`VECPROOF_IMAGE_<ENGINE>`) and credentials for `url`. */
  env: NodeJS.ProcessEnv;
  /** Threads the build may use. */
  threads: number;
  /** File that the server's own log is copied to; none if absent. */
  logFile?: string | undefined;
  signal: AbortSignal;
  /** Something that takes long and people should know of, e.g. that an image is downloaded. */
  onNotice?: ((message: string) => void) | undefined;
}

/** How a server is doing. `outOfMemory`: the kernel has killed a process of it for its memory limit. */
export interface ServerState {
  state: 'running' | 'paused' | 'exited';
  /** Exit code, where it has exited. */
  code?: number | undefined;
  outOfMemory: boolean;
}

/** Lets another process remove the container: a path of Docker's socket on this machine, and the container's id. */
export interface ContainerHandle {
  socketPath: string;
  id: string;
}

/** Folders of a control group's counters, version 1 or 2, on this machine. */
export interface ControlGroupPaths {
  version: 1 | 2;
  memory: string;
  cpu?: string;
}

/** Which image a server was started from. */
export interface ImageFacts {
  /** As asked for. */
  name: string;
  /** Of its repository, or its own id where it was built here. */
  digest: string;
  /** `pinned`: that of `docker/images.yaml`; `local`: built here from `docker/<engine>`; `chosen`: named by the user. */
  origin: 'pinned' | 'local' | 'chosen';
  /** Of the server in it, as far as the image says. */
  version?: string;
}

export interface LaunchedServer {
  endpoint: Endpoint;
  /** Undefined for `url`. */
  image: ImageFacts | undefined;
  /** How to remove it from elsewhere; undefined where nothing was started or Docker is not on this machine. */
  handle: ContainerHandle | undefined;
  /** Where the kernel counts what it uses; undefined where that cannot be seen. The same after a restart. */
  controlGroup: ControlGroupPaths | undefined;
  /** Resolves when the server has ended by itself; never for a server that was not started here. */
  ended: Promise<ServerState>;
  /**
   * Peak working set (anonymous and shared memory, without page cache) in bytes since the last call.
   * Undefined: cannot be measured here.
   */
  memoryPeak(): number | undefined;
  /** CPU seconds of all its processes since the start; undefined: cannot be measured here. */
  cpuSeconds(): number | undefined;
  /** Bytes of the data volume. */
  diskBytes(): Promise<number | undefined>;
  status(): Promise<ServerState | undefined>;
  /** Last lines of the server's own log; empty where it cannot be read. */
  logTail(lines: number): readonly string[];
  /**
   * Ends the server (asked to, or by SIGKILL) and starts it on the same data, for settings that take effect only then
   * and to see what survives. Resolves with its new address once it answers. Undefined for one not started here.
   */
  restart: ((how: 'stop' | 'kill') => Promise<Endpoint>) | undefined;
  /** Removes the container and its volumes; does nothing to a server it did not start. */
  stop(): Promise<void>;
}

/** An engine's `launch.ts`: data for the generic container launcher, and what only this engine has. */
export interface ServerDefinition {
  /**
   * Makes sure that `launch` can start: Docker is reachable and the image is there, pulled if need be; for `url`, that a
   * server answers there. Throws FailureError with the remedy. Nothing is started.
   */
  prepare(request: LaunchRequest): Promise<void>;
  launch(request: LaunchRequest): Promise<LaunchedServer>;
  /**
   * Removes, over a new connection, what a build has made on a server (a name that begins with `vecproof` and has this end) and could not remove
   * itself. Rejects with FailureError where the server cannot be reached. Nothing else is touched.
   * @returns the names of what was there
   */
  remove?(endpoint: Endpoint, nameEnd: string, signal: AbortSignal): Promise<readonly string[]>;
}

/** Declared on an engine's definition: known without loading anything. */
export interface ServerSupport {
  /** First the default. `docker`, `url`, and modes of the engine's own that start nothing (`pglite`). */
  modes: readonly string[];
  /** npm packages that a mode needs beside the engine's own. */
  packages?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Modes in which the engine runs in the build's own process as WebAssembly. */
  webAssembly?: readonly string[] | undefined;
  /** Lazy import of the engine's `launch.ts`. */
  load(): Promise<ServerDefinition>;
}

/** Modes in which the supervisor has to launch something or look up an address. */
export function needsLaunch(mode: string): boolean {
  return mode === 'docker' || mode === 'url';
}
