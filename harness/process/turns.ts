/** Where a process stands in the common order: compared entry by entry, the smallest first. */
export type Place = readonly number[];

/** One of those that take turns. */
export interface Turn {
  /** Lets the others work, and resolves once it is this one's turn again, or once all are told to stop. */
  take(place: Place): Promise<void>;
  /** It works no more. */
  leave(): void;
}

interface Member {
  waiting: { place: Place; resolve: () => void } | undefined;
}

/**
 * Several processes that are alive together and work one at a time, in an order that they have in common: as soon as
 * each of them waits, the one whose place is the smallest works on.
 */
export class Turns {
  readonly #members = new Set<Member>();
  #stopped = false;

  /** @param signal stops all: nobody waits any more */
  constructor(signal: AbortSignal) {
    const stop = () => {
      this.#stopped = true;
      for (const member of this.#members) go(member);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  }

  /** Nobody's turn comes before all that have joined wait, or have left. */
  join(): Turn {
    const member: Member = { waiting: undefined };
    this.#members.add(member);
    return {
      take: (place) => {
        // Of a process that ended while it waited.
        member.waiting?.resolve();
        return new Promise((resolve) => {
          member.waiting = { place, resolve };
          if (this.#stopped) go(member);
          else this.#next();
        });
      },
      leave: () => {
        this.#members.delete(member);
        go(member);
        this.#next();
      },
    };
  }

  #next(): void {
    const waiting = [...this.#members].filter((member) => member.waiting !== undefined);
    if (waiting.length < this.#members.size) return;
    const [first] = waiting.toSorted((a, b) => compare(a.waiting!.place, b.waiting!.place));
    if (first !== undefined) go(first);
  }
}

function go(member: Member): void {
  const { waiting } = member;
  member.waiting = undefined;
  waiting?.resolve();
}

function compare(a: Place, b: Place): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
