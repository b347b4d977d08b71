import { connect } from 'node:net';
import { FailureError, messageOf } from '../../common/errors.js';

const SOCKET = '/var/run/docker.sock';
const REACH_MS = 2000;
const OTHERWISE = 'or use a running server with url:';

/** Why Docker cannot be reached, in words of its own: the client library tells one sentence for all cases. */
export async function dockerFailure(error: unknown, env = process.env): Promise<FailureError> {
  const host = env['DOCKER_HOST'] || undefined;
  const where = host === undefined ? 'Docker' : `Docker at ${host} (DOCKER_HOST)`;
  const address = addressOf(host);
  const code = address === undefined ? undefined : await whyUnreachable(address);
  const [what, next] = told(code, host, error);
  return new FailureError(what, { where, next, cause: error });
}

type Address = { path: string } | { host: string; port: number };

/** Where Docker listens; undefined for an address that only its client understands (ssh://, npipe://). */
function addressOf(host: string | undefined): Address | undefined {
  if (host === undefined) return process.platform === 'win32' ? undefined : { path: SOCKET };
  if (host.startsWith('unix://')) return { path: host.slice('unix://'.length) };
  if (!/^(tcp|https?):/.test(host) || !URL.canParse(host)) return undefined;
  const { hostname, port } = new URL(host);
  return { host: hostname, port: Number(port) || 2375 };
}

/** The system's code for why nothing can be said there; undefined: something listens. */
function whyUnreachable(address: Address): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ ...address, timeout: REACH_MS });
    const end = (code: string | undefined) => {
      socket.destroy();
      resolve(code);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end('ETIMEDOUT'));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

function told(
  code: string | undefined,
  host: string | undefined,
  error: unknown,
): [what: string, next: string] {
  const own = host === undefined;
  switch (code) {
    case 'ENOENT':
      return [
        `Docker is not running on this machine, or not installed: there is no ${own ? SOCKET : 'such socket'}`,
        `install Docker and start it ("docker info" must work), ${OTHERWISE}`,
      ];
    case 'EACCES':
      return [
        `this user may not use Docker's socket`,
        `run as a user of the group docker ("docker info" must work without sudo), ${OTHERWISE}`,
      ];
    case 'ECONNREFUSED':
      return [
        'Docker is not running: the connection was refused',
        `start Docker ("docker info" must work), ${OTHERWISE}`,
      ];
    case undefined:
      return [
        `Docker cannot be used: ${messageOf(error)}`,
        `"docker info" must work for this user and with this environment; ${OTHERWISE}`,
      ];
    default:
      return [
        `Docker cannot be reached: ${code}`,
        `check DOCKER_HOST ("docker info" must work), ${OTHERWISE}`,
      ];
  }
}
