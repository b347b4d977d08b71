/**
 * What a process says of the foreign file that it reads, to the one that watches it: parsers of others may loop for ever
 * or take all memory, and a process that loops can neither end itself nor hear a signal (cli/watch.ts). Silent where
 * nobody watches.
 */
export type ReadingSign = { reading: string; bytes: number } | { reading: null };

interface Open {
  path: string;
  bytes: number;
}

const TOLD_AGAIN_MS = 500;

let tell: ((sign: ReadingSign) => void) | undefined;
const open = new Set<Open>();
let told = 0;

/** From now on signs go to `to`. */
export function tellOfReading(to: (sign: ReadingSign) => void): void {
  tell = to;
}

/** Says that work goes on: called after each piece of a file, whatever its size. */
export function stillReading(): void {
  if (tell === undefined || open.size === 0) return;
  const now = performance.now();
  if (now - told >= TOLD_AGAIN_MS) say(now);
}

function say(now: number): void {
  told = now;
  const last = [...open].at(-1);
  const bytes = [...open].reduce((sum, each) => sum + each.bytes, 0);
  tell?.(last === undefined ? { reading: null } : { reading: last.path, bytes });
}

/** @returns what says that it is done */
function begin(path: string, bytes: number): () => void {
  if (tell === undefined) return () => undefined;
  const file = { path, bytes };
  open.add(file);
  say(performance.now());
  return () => {
    open.delete(file);
    say(performance.now());
  };
}

/**
 * Does what reads a file, under the eyes of who watches.
 * @param bytes of the file; memory is granted by them
 */
export function reading<T>(path: string, bytes: number, work: () => T): T {
  const end = begin(path, bytes);
  let result: T;
  try {
    result = work();
  } catch (error) {
    end();
    throw error;
  }
  if (!(result instanceof Promise)) {
    end();
    return result;
  }
  return result.finally(end) as T;
}

/** The same for what is read piece by piece: what the consumer does in between is not reading. */
export async function* readingEach<T>(
  path: string,
  bytes: number,
  pieces: AsyncIterable<T>,
): AsyncGenerator<T> {
  const iterator = pieces[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await reading(path, bytes, () => iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
