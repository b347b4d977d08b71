import { connect } from 'node:net';
import { isDockerHost } from './docker.js';

const REACH_MS = 1000;

/**
 * The container's address on Docker's bridge where this machine is the Docker host: the published port goes through
 * a proxy process that costs 20 to 50 µs per round trip. Undefined: use the published port.
 */
export async function bridgeAddress(address: string | undefined, port: number): Promise<string | undefined> {
  if (address === undefined || address === '' || !isDockerHost()) return undefined;
  return (await isReachable(address, port)) ? address : undefined;
}

/** Whether something answers or refuses there; a host that cannot be reached does neither. */
function isReachable(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: REACH_MS });
    const done = (reachable: boolean) => {
      socket.destroy();
      resolve(reachable);
    };
    socket.once('connect', () => done(true));
    socket.once('timeout', () => done(false));
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code === 'ECONNREFUSED'));
  });
}
