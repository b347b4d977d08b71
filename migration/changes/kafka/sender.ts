import type { Message, Producer } from './client.js';

interface Waiting {
  messages: readonly Message[];
  bytes: number;
  done(base: bigint): void;
  failed(error: unknown): void;
}

/**
 * Sends one batch at a time; what comes meanwhile is the next one. So messages keep their order also where a request is
 * repeated, and no two requests of one producer are in the air, whose numbers some versions of the client give twice.
 * After a failure the next batch has a new producer: what the old one still sends is not mistaken for it.
 */
export class Sender {
  readonly #make: () => Producer;
  readonly #mostBytes: number;
  readonly #waiting: Waiting[] = [];
  #producer: Producer | undefined;
  #sending: Promise<void> | undefined;

  constructor(make: () => Producer, mostBytes: number) {
    this.#make = make;
    this.#mostBytes = mostBytes;
  }

  /** @returns the offset of the first one, once all in-sync brokers have them; the others follow it */
  send(messages: readonly Message[]): Promise<bigint> {
    const bytes = messages.reduce((sum, { key, value }) => sum + key.length + value.length + OVERHEAD, 0);
    return new Promise((done, failed) => {
      this.#waiting.push({ messages, bytes, done, failed });
      this.#sending ??= this.#work();
    });
  }

  async #work(): Promise<void> {
    // What is asked for in the same turn goes together.
    await undefined;
    while (this.#waiting.length > 0) await this.#sendSome();
    this.#sending = undefined;
  }

  async #sendSome(): Promise<void> {
    const batch = [this.#waiting.shift()!];
    let bytes = batch[0]!.bytes;
    while (this.#waiting.length > 0 && bytes + this.#waiting[0]!.bytes <= this.#mostBytes) {
      bytes += this.#waiting[0]!.bytes;
      batch.push(this.#waiting.shift()!);
    }
    try {
      this.#producer ??= this.#make();
      const { offsets } = await this.#producer.send({ messages: batch.flatMap(({ messages }) => messages) });
      let base = offsets![0]!.offset;
      for (const { messages, done } of batch) {
        done(base);
        base += BigInt(messages.length);
      }
    } catch (error) {
      await this.#forget();
      for (const { failed } of batch) failed(error);
    }
  }

  async #forget(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    // It has failed: that it does not end well either says nothing new.
    await producer?.close(true).catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#sending;
    await this.#producer?.close();
  }
}

/** Most bytes of a batch of one record, beside its key and value. */
export const OVERHEAD = 100;
