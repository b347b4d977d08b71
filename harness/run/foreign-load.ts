import { controlGroup } from '../../engines/launcher/control-group.js';
import { BUSY_CORES } from '../measures/trial.js';
import { machineBusySeconds, ownCpuSeconds } from '../process/resources.js';
import type { Job } from './job.js';

/** Shorter stretches say nothing: the system's clock of CPU time ticks every 10 ms. */
const LEAST_SECONDS = 0.1;

/** CPU time that others used while passes were measured. */
export class ForeignLoad {
  /** By pass, in seconds. */
  readonly #passes = new Map<number, { cpu: number; wall: number }>();

  add(cpu: number, wall: number, pass = this.#passes.size): void {
    this.#passes.set(pass, { cpu, wall });
  }

  /** Another measurement takes the place of a pass. */
  replace(pass: number, other: ForeignLoad): void {
    const found = other.#passes.get(pass);
    if (found !== undefined) this.#passes.set(pass, found);
  }

  /** Passes beside which others used more than a machine may be called quiet at, in order. */
  disturbed(): number[] {
    return [...this.#passes]
      .filter(([, { cpu, wall }]) => wall >= LEAST_SECONDS && cpu / wall > BUSY_CORES)
      .map(([pass]) => pass)
      .sort((a, b) => a - b);
  }

  /**
   * Cores, in the pass in which they were most: a mean over passes would hide the one that was disturbed. Of passes that
   * are all too short to tell, over all of them; undefined where they are that together.
   */
  cores(): number | undefined {
    const all = [...this.#passes.values()];
    const long = all.filter(({ wall }) => wall >= LEAST_SECONDS);
    if (long.length > 0) return Math.max(...long.map(({ cpu, wall }) => cpu / wall));
    const wall = all.reduce((sum, each) => sum + each.wall, 0);
    return wall > LEAST_SECONDS ? all.reduce((sum, each) => sum + each.cpu, 0) / wall : undefined;
  }
}

/**
 * Adds up the CPU time that everything but this process and its server used meanwhile: neighbours whose load is in the
 * figures. Measures nothing where the server's own use cannot be told from theirs.
 */
export function startForeign({ endpoint, serverGroup }: Job): (sum: ForeignLoad, pass?: number) => void {
  const server = serverGroup === undefined ? undefined : controlGroup(serverGroup);
  const serverCpu = () => (endpoint === undefined ? 0 : server?.cpuSeconds());
  const ours = () => ownCpuSeconds() + (serverCpu() ?? Number.NaN);
  const busy = machineBusySeconds();
  const own = ours();
  const start = performance.now();
  return (sum, pass) => {
    const now = machineBusySeconds();
    if (busy === undefined || now === undefined) return;
    const others = now - busy - (ours() - own);
    if (Number.isNaN(others)) return;
    sum.add(Math.max(0, others), (performance.now() - start) / 1000, pass);
  };
}
