import type { ControlGroup } from './control-group.js';

const LOOK_MS = 50;

/** Watches what a server uses, from the kernel's own counters. */
export class Usage {
  readonly #group: ControlGroup;
  readonly #timer: NodeJS.Timeout;
  #peak: number | undefined;
  #cpu: number | undefined;
  #kills = 0;

  constructor(group: ControlGroup) {
    this.#group = group;
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /**
   * Largest working set since the last call, sampled 20 times a second. The kernel's own peaks are not used: they
   * count page cache, which grows with whatever file is read and shrinks when somebody needs the memory.
   */
  takePeak(): number | undefined {
    this.#look();
    const peak = this.#peak;
    this.#peak = undefined;
    return peak;
  }

  cpuSeconds(): number | undefined {
    this.#cpu = this.#group.cpuSeconds() ?? this.#cpu;
    return this.#cpu;
  }

  /** The last count seen stays after the group is gone. */
  get outOfMemory(): boolean {
    this.#kills = this.#group.outOfMemoryKills() ?? this.#kills;
    return this.#kills > 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = this.#group.workingSet();
    if (now !== undefined) this.#peak = Math.max(this.#peak ?? 0, now);
    this.#kills = this.#group.outOfMemoryKills() ?? this.#kills;
  }
}
