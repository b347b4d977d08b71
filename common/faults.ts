/** One fault of what a user wrote. Several are collected and told at once, each at its place. */
export interface Fault {
  /** From the root of the suite, filter or options: `['engines', 0, 'index', 'm']`; empty: the whole. */
  path: readonly (string | number)[];
  /** Completes a sentence that begins with the place: `must be …`, and says what to do where it can. */
  message: string;
  /** The value at fault, as it was written. */
  got?: unknown;
  /** The key at the end of the path is wrong, not its value. */
  inKey?: boolean;
  /** Characters into the key or value at which the fault lies. */
  offset?: number;
}
