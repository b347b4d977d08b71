import { closeSync, openSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { hideSecrets, keepCredentials } from '../../common/secrets.js';

const KEPT_LINES = 200;
const MAX_FILE_BYTES = 16 * 2 ** 20;
/** How Go, Rust and PostgreSQL begin to tell that they crash; a dump of thousands of lines may follow. */
const CRASH = /^(panic|fatal error|runtime error|SIG[A-Z]+): |^thread '.*' panicked|\bPANIC: /;

/** Takes a server's output: the last lines in memory, all of it (up to a limit) in a file; secrets are taken out. */
export class ServerLog {
  readonly #lines: string[] = [];
  readonly #file: number | undefined;
  #bytes = 0;
  #rest = '';
  #crash: string | undefined;

  constructor(file: string | undefined, secrets: Readonly<Record<string, string>> = {}) {
    keepCredentials(secrets);
    this.#file = file === undefined ? undefined : openSync(file, 'w', 0o600);
  }

  readonly take = (stream: Readable): void => {
    stream.on('data', (part: Buffer | string) => this.#add(part.toString()));
    // The stream breaks off when the container is removed: the log ends there.
    stream.on('error', () => undefined);
  };

  /** The last lines, after the one that says why it crashed where that is further up. */
  tail(lines: number): readonly string[] {
    const all = this.#rest === '' ? this.#lines : [...this.#lines, hideSecrets(this.#rest)];
    const last = all.slice(-lines);
    const crash = this.#crash;
    return crash === undefined || last.includes(crash) ? last : [crash, '…', ...last.slice(2)];
  }

  close(): void {
    if (this.#rest !== '') this.#write([hideSecrets(this.#rest)]);
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #add(text: string): void {
    const parts = (this.#rest + text).split(/\r?\n/);
    this.#rest = parts.pop()!;
    const lines = parts.map((line) => hideSecrets(line));
    this.#lines.push(...lines.filter((line) => line.trim() !== ''));
    this.#lines.splice(0, Math.max(0, this.#lines.length - KEPT_LINES));
    this.#crash = lines.find((line) => CRASH.test(line)) ?? this.#crash;
    this.#write(lines);
  }

  /** Whole lines: half of one could hold half of a secret. */
  #write(lines: readonly string[]): void {
    if (this.#file === undefined || this.#bytes > MAX_FILE_BYTES || lines.length === 0) return;
    this.#bytes += writeSync(this.#file, `${lines.join('\n')}\n`);
    if (this.#bytes > MAX_FILE_BYTES) writeSync(this.#file, '(cut off here)\n');
  }
}
