/** Switches that all instances of an application share and that outlive them: capture, traffic share. */
export interface Flags {
  /** Null: it was never set. */
  get(name: string): Promise<string | null>;
  /** Resolves when it is durable. */
  set(name: string, value: string): Promise<void>;
}

export class MemoryFlags implements Flags {
  readonly #values = new Map<string, string>();

  async get(name: string): Promise<string | null> {
    return this.#values.get(name) ?? null;
  }

  async set(name: string, value: string): Promise<void> {
    this.#values.set(name, value);
  }
}
