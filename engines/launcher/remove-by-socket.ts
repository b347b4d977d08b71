import { request } from 'node:http';
import type { ContainerHandle } from '../contract/server.js';

const GIVE_UP_MS = 20_000;

/**
 * Removes a container with its volumes by Docker's socket alone, for the watchdog: it has a small heap and no time
 * to load a client. Resolves in any case; what stays is removed by the next run or `doctor --clean`.
 */
export function removeBySocket({ socketPath, id }: ContainerHandle): Promise<void> {
  return new Promise((resolve) => {
    const path = `/containers/${encodeURIComponent(id)}?force=1&v=1`;
    const ask = request({ socketPath, path, method: 'DELETE', timeout: GIVE_UP_MS }, (answer) => {
      answer.resume();
      answer.once('close', resolve);
    });
    ask.once('timeout', () => ask.destroy());
    ask.once('error', () => resolve());
    ask.once('close', () => resolve());
    ask.end();
  });
}
