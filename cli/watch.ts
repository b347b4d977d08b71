import { readFileSync } from 'node:fs';
import type { ReadingSign } from '../common/reading.js';

/** CPU time of its main thread after which reading that does not go on is taken for a loop without end. */
export const DEADLINE_SECONDS = 15;
/** The same in time of the clock, where the system does not tell CPU time. */
const DEADLINE_WITHOUT_PROC = 120;
/** Memory that reading may take beyond what the process had before, whatever the size of the file. */
export const MEMORY_BYTES = 768 * 2 ** 20;
/** Of large files as many times their size. */
export const MEMORY_PER_BYTE = 16;

/** What a process has used, as far as the system tells. */
export interface Usage {
  /** CPU seconds of its main thread. */
  seconds: number | undefined;
  bytes: number | undefined;
}

/** Why a process has to end that reads a file. */
export interface Overrun {
  where: string;
  what: string;
  next: string;
}

/**
 * Follows a process that reads foreign files: whether it goes on, and what memory it takes. Only while it reads one: its
 * own work may take what it needs.
 */
export class ReadWatch {
  #reading: { path: string; bytes: number; since: number | undefined; began: number | undefined } | undefined;
  #ticks = 0;

  get path(): string | undefined {
    return this.#reading?.path;
  }

  sign(sign: ReadingSign): void {
    this.#ticks = 0;
    if (sign.reading === null) this.#reading = undefined;
    else {
      const { reading: path, bytes } = sign;
      this.#reading = { path, bytes, since: undefined, began: this.#reading?.began };
    }
  }

  /**
   * @param usage now
   * @param passed seconds since the last look, of which none counts in which this process did not run either
   */
  look({ seconds, bytes }: Usage, passed: number): Overrun | undefined {
    const reading = this.#reading;
    if (reading === undefined) return undefined;
    this.#ticks += passed;
    reading.since ??= seconds;
    reading.began ??= bytes;
    const used = seconds === undefined ? undefined : seconds - reading.since!;
    if (used === undefined ? this.#ticks > DEADLINE_WITHOUT_PROC : used > DEADLINE_SECONDS) {
      return {
        where: reading.path,
        what: `cannot be read: for ${DEADLINE_SECONDS} seconds reading it has made no progress`,
        next: 'the file is damaged: write or download it again',
      };
    }
    const most = Math.max(MEMORY_BYTES, reading.bytes * MEMORY_PER_BYTE);
    if (bytes === undefined || bytes - reading.began! <= most) return undefined;
    return {
      where: reading.path,
      what: `cannot be read: reading its ${reading.bytes} bytes takes more than ${Math.round(most / 2 ** 20)} MiB of memory`,
      next: 'the file is damaged, or holds pages or records that are too large: write it again with smaller ones',
    };
  }
}

const TICKS_PER_SECOND = 100;

/** By /proc; undefined where there is none. */
export function usageOf(pid: number): Usage {
  return { seconds: mainThreadSeconds(pid), bytes: residentBytes(pid) };
}

function mainThreadSeconds(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return undefined; // No /proc here, or the process has just ended.
  }
}

function residentBytes(pid: number): number | undefined {
  try {
    const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined; // No /proc here, or the process has just ended.
  }
}
