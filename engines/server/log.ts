import { closeSync, openSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';

const KEPT_LINES = 200;
const MAX_FILE_BYTES = 16 * 2 ** 20;

/** Takes a server's output: the last lines in memory, all of it (up to a limit) in a file. */
export class ServerLog {
  readonly #lines: string[] = [];
  readonly #file: number | undefined;
  #bytes = 0;
  #rest = '';

  constructor(file: string | undefined) {
    this.#file = file === undefined ? undefined : openSync(file, 'w');
  }

  readonly take = (stream: Readable): void => {
    stream.on('data', (part: Buffer | string) => this.#add(part.toString()));
    // The stream breaks off when the container is removed: the log ends there.
    stream.on('error', () => undefined);
  };

  tail(lines: number): readonly string[] {
    const all = this.#rest === '' ? this.#lines : [...this.#lines, this.#rest];
    return all.slice(-lines);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #add(text: string): void {
    const parts = (this.#rest + text).split(/\r?\n/);
    this.#rest = parts.pop()!;
    this.#lines.push(...parts.filter((line) => line.trim() !== ''));
    this.#lines.splice(0, Math.max(0, this.#lines.length - KEPT_LINES));
    if (this.#file === undefined || this.#bytes > MAX_FILE_BYTES) return;
    this.#bytes += writeSync(this.#file, text);
    if (this.#bytes > MAX_FILE_BYTES) writeSync(this.#file, '\n(cut off here)\n');
  }
}
