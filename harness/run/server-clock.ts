import type { ConnectedEngine } from '../../engines/contract/engine.js';
import type { SharedPasses } from '../model/events.js';

/** Of several looks the quickest counts. */
const LOOKS = 9;
/** Date.now() counts whole ms, and servers may. */
const STEP_MS = 1;

/**
 * How far the server's clock is ahead of this machine's: machines that ask the same server so know how far their own are
 * apart. The server read it at some moment between question and answer (Cristian 1989). Undefined: it tells no time.
 */
export async function compareClocks({
  clock,
}: Pick<ConnectedEngine, 'clock'>): Promise<SharedPasses['clock']> {
  if (clock === undefined) return undefined;
  let best: SharedPasses['clock'];
  for (let i = 0; i < LOOKS; i++) {
    const start = performance.now();
    const server = await clock();
    const [answered, wall] = [performance.now(), Date.now()];
    const half = (answered - start) / 2;
    const found = { ahead: server - (wall - half), within: half + STEP_MS };
    if (best === undefined || found.within < best.within) best = found;
  }
  return best;
}
