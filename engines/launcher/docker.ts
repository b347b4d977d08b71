import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { ContainerRuntimeClient } from 'testcontainers';
import { requireClient } from '../kit/packages.js';
import { dockerFailure } from './docker-failure.js';

export type Testcontainers = typeof import('testcontainers');
export type Dockerode = ContainerRuntimeClient['container']['dockerode'];

/** testcontainers, set up for this machine. Throws FailureError with the command that installs it. */
export function loadTestcontainers(): Testcontainers {
  // Inside a container it would look for the host with an image of its own; where Docker's bridge is ours, we are it.
  if (existsSync('/.dockerenv') && isDockerHost())
    process.env['TESTCONTAINERS_HOST_OVERRIDE'] ??= '127.0.0.1';
  return requireClient('testcontainers') as Testcontainers;
}

/** Whether Docker's default bridge is an interface of this machine, so that containers are reached on it. */
export function isDockerHost(): boolean {
  return process.platform === 'linux' && networkInterfaces()['docker0'] !== undefined;
}

/** Docker's API. Throws FailureError if Docker is missing, not running, or not allowed, with cause and remedy. */
export async function connectDocker(): Promise<Dockerode> {
  const { getContainerRuntimeClient } = loadTestcontainers();
  try {
    return (await getContainerRuntimeClient()).container.dockerode;
  } catch (error) {
    throw await dockerFailure(error);
  }
}

/** Label by which images say which version they hold (OCI image specification, annotations). */
const VERSION_LABEL = 'org.opencontainers.image.version';

export interface FoundImage {
  digest: string;
  /** All by which it is known, its own id among them. */
  digests: readonly string[];
  version?: string | undefined;
}

/**
 * An image on this machine: digest of its repository where it was pulled, else its own id, and the version that it is
 * labelled with. Undefined: it is not there.
 */
export async function findImage(docker: Dockerode, name: string): Promise<FoundImage | undefined> {
  try {
    const { Id, RepoDigests, Config } = await docker.getImage(name).inspect();
    const digests = (RepoDigests ?? []).map((each) => each.slice(each.indexOf('@') + 1));
    return {
      digest: digests[0] ?? Id,
      digests: [...digests, Id],
      version: Config?.Labels?.[VERSION_LABEL],
    };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export function isNotFound(error: unknown): boolean {
  return (error as { statusCode?: number }).statusCode === 404;
}

/** Downloads an image; rejects with Docker's own words if it is not available. */
export async function pullImage(docker: Dockerode, name: string, signal: AbortSignal): Promise<void> {
  const stream = await docker.pull(name);
  const stop = () => (stream as NodeJS.ReadableStream & { destroy(): void }).destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      stream.once('close', () => reject(signal.reason ?? new Error('the download broke off')));
      docker.modem.followProgress(stream, (error) => (error === null ? resolve() : reject(error)));
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
