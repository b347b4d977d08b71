import { FailureError, messageOf } from '../../common/errors.js';
import type { Endpoint } from '../contract/server.js';
import { abortable } from '../kit/load.js';
import { ask, loadSdk, type MilvusClient, type MilvusConfig } from './client.js';

/** Oldest server that knows COSINE and SCANN. */
const OLDEST: readonly [number, number] = [2, 3];
const TIMEOUT_MS = 120_000;

/** A connected client. Throws FailureError with the remedy. */
export async function connectServer(endpoint: Endpoint, signal: AbortSignal): Promise<MilvusClient> {
  const { MilvusClient } = loadSdk();
  const client = new MilvusClient(configOf(endpoint));
  try {
    await abortable(client.connectPromise, signal);
    return client;
  } catch (error) {
    await client.closeConnection();
    signal.throwIfAborted();
    throw new FailureError(`cannot connect: ${messageOf(error)}`, {
      where: `milvus: ${endpoint.host}:${endpoint.port}`,
      next: 'check the address, TLS and the credentials (MILVUS_TOKEN, or MILVUS_USER and MILVUS_PASSWORD)',
      cause: error,
    });
  }
}

function configOf({ host, port, tls, secrets, settings }: Endpoint): MilvusConfig {
  const { token, password } = secrets;
  const { user, database } = settings;
  return {
    address: `${host}:${port}`,
    ssl: tls,
    ...(token && { token }),
    ...(user && { username: user }),
    ...(password && { password }),
    ...(database && { database }),
    // A retry inside a timed call would hide a failure and count as one slow answer.
    maxRetries: 0,
    timeout: TIMEOUT_MS,
    telemetry: { enabled: false },
    // Elsewhere than in production the client prints every answer.
    logLevel: 'error',
  };
}

/** Version of the server; throws FailureError if it is too old. */
export async function requireVersion(client: MilvusClient): Promise<string> {
  const answer = await ask('version', client.getVersion());
  const version = answer.version.replace(/^v/, '');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return version;
  throw new FailureError(`Milvus ${version} is too old`, {
    where: 'milvus',
    next: `use Milvus ${OLDEST.join('.')} or later`,
  });
}
