import { controlGroup } from '../../engines/launcher/control-group.js';
import { machineBusySeconds, ownCpuSeconds } from '../process/resources.js';
import type { Job } from './job.js';

/** Shorter stretches say nothing: the system's clock of CPU time ticks every 10 ms. */
const LEAST_SECONDS = 0.1;

/** CPU time that others used while passes were measured. */
export class ForeignLoad {
  #cpu = 0;
  #wall = 0;
  #most: number | undefined;

  /** One pass, in seconds. */
  add(cpu: number, wall: number): void {
    this.#cpu += cpu;
    this.#wall += wall;
    if (wall >= LEAST_SECONDS) this.#most = Math.max(this.#most ?? 0, cpu / wall);
  }

  /**
   * Cores, in the pass in which they were most: a mean over passes would hide the one that was disturbed. Of passes that
   * are all too short to tell, over all of them; undefined where they are that together.
   */
  cores(): number | undefined {
    if (this.#most !== undefined) return this.#most;
    return this.#wall > LEAST_SECONDS ? this.#cpu / this.#wall : undefined;
  }
}

/**
 * Adds up the CPU time that everything but this process and its server used meanwhile: neighbours whose load is in the
 * figures. Measures nothing where the server's own use cannot be told from theirs.
 */
export function startForeign({ endpoint, serverGroup }: Job): (sum: ForeignLoad) => void {
  const server = serverGroup === undefined ? undefined : controlGroup(serverGroup);
  const serverCpu = () => (endpoint === undefined ? 0 : server?.cpuSeconds());
  const ours = () => ownCpuSeconds() + (serverCpu() ?? Number.NaN);
  const busy = machineBusySeconds();
  const own = ours();
  const start = performance.now();
  return (sum) => {
    const now = machineBusySeconds();
    if (busy === undefined || now === undefined) return;
    const others = now - busy - (ours() - own);
    if (Number.isNaN(others)) return;
    sum.add(Math.max(0, others), (performance.now() - start) / 1000);
  };
}
