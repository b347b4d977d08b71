import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { FailureError } from '../../common/errors.js';
import { startThread } from '../../common/threads.js';
import type { PointColumns } from '../../engines/contract/columns.js';
import { elementsOf, type VectorField } from '../../engines/contract/vectors.js';
import { memoryOf } from '../../engines/kit/join-columns.js';
import { ColumnEncoder, type EncodedPart, type PartOrder } from './encoder.js';
import type { EncoderAnswer, EncoderRequest } from './encoder-thread.js';

/** A part that is being encoded, here or in a thread. */
export interface Encoding {
  /** Takes over the columns' memory. Resolves when there is room for more. */
  add(columns: PointColumns): Promise<void>;
  finish(): Promise<EncodedPart>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

export interface Encoders {
  open(order: PartOrder): Encoding;
  close(): Promise<void>;
}

/** Bytes of an export for which a thread pays: it needs a quarter of a second to begin. */
const LARGE = 32 * 2 ** 20;

/** A thread beside the one that reads, where the points are many and there is a second core. */
export function encodersFor(vectors: readonly VectorField[], points: number): Encoders {
  const bytes = vectors.reduce((sum, field) => sum + 4 * elementsOf(field), 100);
  const isLarge = points * bytes > LARGE && availableParallelism() > 1;
  return isLarge ? new EncoderThread() : { open: encodedHere, close: async () => {} };
}

function encodedHere(order: PartOrder): Encoding {
  const encoder = new ColumnEncoder(order);
  return {
    add: async (columns) => encoder.add(columns),
    finish: async () => encoder.finish(),
    discard: async () => encoder.discard(),
  };
}

/** Row groups that wait for the thread: it works on one while the next is read. */
const WAITING = 2;

class EncoderThread implements Encoders {
  readonly #worker: Worker;
  /** In the order of the requests. */
  readonly #asked: { resolve(finished: EncodedPart | undefined): void; reject(error: unknown): void }[] = [];
  #broken: unknown;
  #parts = 0;

  constructor() {
    this.#worker = startThread('migration/export/encoder-thread.js', undefined);
    this.#worker.on('message', (answer: EncoderAnswer) => {
      const { resolve, reject } = this.#asked.shift()!;
      if (answer.state === 'done') resolve(answer.finished);
      else reject(failureOf(answer));
    });
    this.#worker.once('error', (error) => this.#break(error));
    this.#worker.once('exit', () => this.#break(new Error('the thread that encodes ended')));
  }

  open(order: PartOrder): Encoding {
    const part = ++this.#parts;
    const waiting: Promise<unknown>[] = [];
    let failed: { error: unknown } | undefined;
    const send = (request: EncoderRequest, memory: ArrayBuffer[] = []) => {
      const answer = this.#ask(request, memory);
      // Told by the next call.
      answer.catch((error: unknown) => {
        failed ??= { error };
      });
      return answer;
    };
    waiting.push(send({ what: 'open', part, order }));
    return {
      async add(columns) {
        if (failed !== undefined) throw failed.error;
        waiting.push(send({ what: 'add', part, columns }, memoryOf(columns)));
        while (waiting.length > WAITING) await waiting.shift();
      },
      async finish() {
        await Promise.all(waiting);
        return (await send({ what: 'finish', part }))!;
      },
      async discard() {
        await send({ what: 'discard', part });
      },
    };
  }

  #ask(request: EncoderRequest, memory: ArrayBuffer[]): Promise<EncodedPart | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#broken !== undefined) {
        reject(this.#broken);
        return;
      }
      this.#asked.push({ resolve, reject });
      this.#worker.postMessage(request, memory);
    });
  }

  #break(error: unknown): void {
    this.#broken ??= error;
    for (const { reject } of this.#asked.splice(0)) reject(this.#broken);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

function failureOf({ what, where, got, next, stack }: Extract<EncoderAnswer, { state: 'failed' }>): Error {
  const error = new FailureError(what, { where, got, next });
  error.stack = stack;
  return error;
}
