import { measureEcho } from './load-echo.js';
import { measureLoadOnServers } from './load-servers.js';
import { measureStall } from './load-stall.js';

/** Loads: what the generator itself can send, and what a trial reaches beside a loop by hand. */
export async function measureLoad(folder: string): Promise<void> {
  await measureEcho(folder);
  await measureStall();
  await measureLoadOnServers(folder);
}
