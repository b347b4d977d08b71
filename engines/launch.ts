/**
 * How a server is started for one build, and how it is watched. The supervisor launches it, so that it outlives a
 * crash of the build's process and is always removed; the build's process gets only the endpoint.
 */

/** Where a server is reached. Credentials are never written anywhere. */
export interface Endpoint {
  host: string;
  port: number;
  tls: boolean;
  /** User, password, token, database …, as the engine needs them. */
  credentials: Readonly<Record<string, string>>;
}

export interface LaunchRequest {
  /** `docker` starts a container, `url` uses a server that runs already; an engine may have more (`pglite`). */
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
  /** Environment of the supervisor: image overrides (`VECPARITY_IMAGE_<ENGINE>`) and credentials for `url`. */
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

/** What a running server has used so far. Absent: cannot be measured here. */
export interface ServerResources {
  /** Peak working set (anonymous and shared memory, without page cache) since the last call. */
  memoryPeakBytes?: number | undefined;
  /** CPU seconds since the start. */
  cpuSeconds?: number | undefined;
  /** Bytes of the data volume. */
  diskBytes?: number | undefined;
}

export type ServerState = { state: 'running' } | { state: 'exited'; code: number | null; outOfMemory: boolean };

export interface LaunchedServer {
  endpoint: Endpoint;
  /** Image as asked for and its digest (or id, for images built here); undefined for `url`. */
  image: { name: string; digest: string } | undefined;
  resources(): Promise<ServerResources>;
  status(): Promise<ServerState>;
  /** Last lines of the server's own log; empty where it cannot be read. */
  logTail(lines: number): Promise<string[]>;
  /** Removes the container and its volumes; does nothing to a server it did not start. */
  stop(): Promise<void>;
}

/** An engine's `launch.ts`: data for the generic container launcher, and what only this engine has. */
export interface ServerDefinition {
  modes: readonly string[];
  launch(request: LaunchRequest): Promise<LaunchedServer>;
}
