import { keepCredentials } from '../../common/secrets.js';
import type { Endpoint, LaunchedServer } from '../contract/server.js';

/** A server that somebody else runs (`url:`): nothing of it can be measured from here, and nothing is stopped. */
export function runningServer(endpoint: Endpoint): LaunchedServer {
  keepCredentials(endpoint.secrets);
  return {
    endpoint,
    image: undefined,
    handle: undefined,
    controlGroup: undefined,
    ended: new Promise(() => undefined),
    memoryPeak: () => undefined,
    cpuSeconds: () => undefined,
    diskBytes: async () => undefined,
    status: async () => undefined,
    logTail: () => [],
    restart: undefined,
    stop: async () => undefined,
  };
}
