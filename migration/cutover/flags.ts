/** Switches that all instances of an application share and that outlive them: capture, traffic share. */
export interface Flags {
  /** Null: it was never set. */
  get(name: string): Promise<string | null>;
  /** Resolves when it is durable. */
  set(name: string, value: string): Promise<void>;
  /**
   * The same where it still has the value that was read (null: none); false: it has another one by now, and keeps it. Absent: nothing
   * excludes that somebody sets it between a look and a `set`.
   */
  swap?(name: string, was: string | null, value: string): Promise<boolean>;
}

export class MemoryFlags implements Flags {
  readonly #values = new Map<string, string>();

  async get(name: string): Promise<string | null> {
    return this.#values.get(name) ?? null;
  }

  async set(name: string, value: string): Promise<void> {
    this.#values.set(name, value);
  }

  async swap(name: string, was: string | null, value: string): Promise<boolean> {
    if ((this.#values.get(name) ?? null) !== was) return false;
    this.#values.set(name, value);
    return true;
  }
}
