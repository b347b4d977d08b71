import { readdirSync, readFileSync } from 'node:fs';

/** Name of the environment variable by which a test knows the processes that its command started. */
export const MARK = 'VECPROOF_TEST_MARK';

export const hasProc = process.platform === 'linux';

export interface Process {
  pid: number;
  command: string;
}

/**
 * All living processes that inherited a mark, however they are related to us now. Empty where there is no /proc.
 * A zombie has ended: it only waits for its parent to ask.
 */
export function marked(mark: string): Process[] {
  if (!hasProc) return [];
  const found: Process[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`${MARK}=${mark}\0`)) continue;
      if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))) continue;
      found.push({ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ') });
    } catch {
      // It ended while we looked, or belongs to somebody else.
    }
  }
  return found;
}

/** The process of the build in progress, if there is one. */
export function buildProcess(mark: string): number | undefined {
  return marked(mark).find(({ command }) => command.includes('harness/process/child.js'))?.pid;
}
