import { type FileHandle, open, rm } from 'node:fs/promises';
import { loadErrorKind, loadErrorText } from '../model/load-errors.js';
import type { Times } from '../model/samples.js';

/** Different texts of errors that are kept; of further ones their kind. */
const MOST_TEXTS = 1000;
/** In `error`: the query was answered. */
const NO_ERROR = -1;
/** Bytes of one sample: query, returned, error (int32), due, sent, answered (float64). */
const SAMPLE = 3 * 4 + 3 * 8;
/** Before the columns of a block: its number of samples, and nothing, so that float64 are aligned. */
const HEAD = 8;

/** Times of one pass in a file, in the order in which they were recorded; plain data. */
export interface Spooled {
  path: string;
  samples: number;
  repetition: number;
  /** Texts of errors by their number. */
  errors: readonly string[];
}

/**
 * Takes the times of a pass to a file while it goes on, block by block: one thread sends queries, and never waits for the
 * disk. The file is this process's own, and is read by it once.
 */
export class Spool {
  readonly #path: string;
  readonly #repetition: number;
  readonly #texts = new Map<string, number>();
  #handle: FileHandle | undefined;
  #written: Promise<void> = Promise.resolve();
  #failure: { error: unknown } | undefined;
  #samples = 0;
  /** Blocks that were written, to be used again. */
  readonly #free: ArrayBuffer[] = [];

  constructor(path: string, repetition: number) {
    this.#path = path;
    this.#repetition = repetition;
  }

  /** What is handed over may be overwritten afterwards. */
  add({ length, query, returned, error, due, sent, answered }: Omit<Times, 'repetition'>): void {
    const size = HEAD + length * SAMPLE;
    const free = this.#free.at(-1)?.byteLength === size ? this.#free.pop() : undefined;
    const block = free ?? new ArrayBuffer(size);
    new Uint32Array(block, 0, 1)[0] = length;
    const columns = columnsOf(block, length);
    for (const [name, values] of Object.entries({ query, returned, due, sent, answered }))
      columns[name as keyof typeof columns].set(values.subarray(0, length));
    for (let i = 0; i < length; i++)
      columns.error[i] = error[i] === null ? NO_ERROR : this.#numberOf(error[i]!);
    this.#samples += length;
    this.#written = this.#written.then(() => this.#write(new Uint8Array(block)));
  }

  /** Once all is on disk. Rejects with what kept it from there. */
  async end(): Promise<Spooled> {
    await this.#written;
    await this.#handle?.close();
    if (this.#failure !== undefined) throw this.#failure.error;
    return {
      path: this.#path,
      samples: this.#samples,
      repetition: this.#repetition,
      errors: [...this.#texts.keys()],
    };
  }

  async #write(block: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      this.#handle ??= await open(this.#path, 'wx', 0o600);
      for (let done = 0; done < block.length; ) done += (await this.#handle.write(block, done)).bytesWritten;
      this.#free.push(block.buffer as ArrayBuffer);
    } catch (error) {
      this.#failure = { error };
    }
  }

  #numberOf(text: string): number {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const kept = this.#texts.size < MOST_TEXTS ? text : kindAlone(text);
    const number = this.#texts.get(kept) ?? this.#texts.size;
    this.#texts.set(kept, number);
    return number;
  }
}

function kindAlone(text: string): string {
  const kind = loadErrorKind(text);
  const rest = 'one more text than are kept';
  return kind === 'other' ? rest : loadErrorText(kind, rest);
}

function columnsOf(block: ArrayBuffer, length: number) {
  const numbers = (at: number) => new Int32Array(block, HEAD + 24 * length + 4 * at * length, length);
  const times = (at: number) => new Float64Array(block, HEAD + 8 * at * length, length);
  return {
    due: times(0),
    sent: times(1),
    answered: times(2),
    query: numbers(0),
    returned: numbers(1),
    error: numbers(2),
  };
}

/** The blocks of several files of one pass, in about the order in which their queries ended. */
export async function* readSpools(spools: readonly Spooled[]): AsyncGenerator<Times> {
  const open = await Promise.all(
    spools.map(async (spool) => {
      const blocks = readSpool(spool);
      return { blocks, next: await blocks.next() };
    }),
  );
  const endOf = ({ next }: (typeof open)[number]) =>
    next.done === true ? Number.POSITIVE_INFINITY : (next.value.answered[0] ?? 0);
  for (;;) {
    const first = open.reduce<(typeof open)[number] | undefined>(
      (best, each) =>
        each.next.done !== true && (best === undefined || endOf(each) < endOf(best)) ? each : best,
      undefined,
    );
    if (first === undefined || first.next.done === true) return;
    yield first.next.value;
    first.next = await first.blocks.next();
  }
}

/** The blocks of a file, one after the other. */
async function* readSpool({ path, repetition, errors }: Spooled): AsyncGenerator<Times> {
  const handle = await open(path, 'r');
  try {
    const head = new Uint8Array(HEAD);
    while ((await readFully(handle, head)) > 0) {
      const length = new Uint32Array(head.buffer)[0]!;
      const block = new ArrayBuffer(HEAD + length * SAMPLE);
      const wanted = length * SAMPLE;
      const read = await readFully(handle, new Uint8Array(block, HEAD));
      if (read < wanted) throw new Error(`${path} ends within a block: ${read} of ${wanted} bytes`);
      const { error, ...columns } = columnsOf(block, length);
      yield {
        length,
        ...columns,
        repetition: new Int32Array(length).fill(repetition),
        error: Array.from(error, (number) => (number === NO_ERROR ? null : errors[number]!)),
      };
    }
  } finally {
    await handle.close();
  }
}

async function readFully(handle: FileHandle, into: Uint8Array): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await handle.read(into, done, into.length - done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

export async function removeSpools(spools: readonly Spooled[]): Promise<void> {
  for (const { path } of spools) await rm(path, { force: true });
}
