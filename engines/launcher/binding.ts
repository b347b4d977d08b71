import { lookup } from 'node:dns/promises';
import { FailureError } from '../../common/errors.js';

/**
 * Whether Docker is reached over a socket or pipe of this machine, by the protocol of DOCKER_HOST: rootless Docker,
 * Podman and Colima set it to `unix://…`.
 */
export function dockerIsHere(env: NodeJS.ProcessEnv = process.env): boolean {
  const host = env['DOCKER_HOST'] ?? '';
  return host === '' || /^(unix|npipe):/.test(host);
}

export interface Binding {
  engine: string;
  /** Where the client of Docker's API connects: a socket of this machine, or a host. */
  socketPath: string | undefined;
  /** Host of published ports, as this machine reaches it. */
  host: string;
  /** The server asks for a password of this run. */
  protected: boolean;
  onNotice?: ((message: string) => void) | undefined;
}

/**
 * The address that a server's port is published on: the loopback where Docker runs on this machine; elsewhere the one
 * address by which this machine reaches it, and only for servers that ask for a password. Never all interfaces.
 *
 * @throws FailureError for a server without a password on another machine
 */
export async function publishedOn({ engine, socketPath, host, ...rest }: Binding): Promise<string> {
  if (socketPath !== undefined) return '127.0.0.1';
  const next =
    'run vecproof on the machine where Docker runs, or start the server there yourself and use url:';
  if (!rest.protected) {
    throw new FailureError(
      'Docker runs on another machine, where anybody could reach this server: it has no password',
      { where: `${engine} at ${host}`, next },
    );
  }
  try {
    const { address } = await lookup(host);
    rest.onNotice?.(`the password of ${engine} travels to ${host} without encryption: ${next}`);
    return address;
  } catch (error) {
    throw new FailureError(`the address of the machine where Docker runs is not known: ${host}`, {
      where: engine,
      next,
      cause: error,
    });
  }
}
