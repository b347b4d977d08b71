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
