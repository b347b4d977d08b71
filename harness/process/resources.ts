import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Resident memory of a process in bytes; undefined if it is gone or the system does not tell. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    if (process.platform === 'linux') return statusField(pid, 'VmRSS');
    if (process.platform === 'win32') return undefined;
    const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
    const kib = Number(stdout.trim());
    return Number.isFinite(kib) && kib > 0 ? kib * 1024 : undefined;
  } catch {
    return undefined; // The process has ended between two looks.
  }
}

/**
 * Peak resident memory of this process since the last reset, in bytes. On Linux the kernel's own high-water mark
 * (VmHWM), which no sampling can miss; undefined elsewhere, where the mark cannot be reset.
 */
export function peakSinceReset(): number | undefined {
  return canReset() ? statusField(process.pid, 'VmHWM') : undefined;
}

/** Starts a new peak. Does nothing where the system cannot. */
export function resetPeak(): void {
  if (canReset()) writeFileSync('/proc/self/clear_refs', '5');
}

let resettable: boolean | undefined;
function canReset(): boolean {
  if (resettable !== undefined) return resettable;
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    resettable = true;
  } catch {
    resettable = false; // Not Linux, or not allowed: peaks by phase stay unmeasured.
  }
  return resettable;
}

function statusField(pid: number, field: string): number | undefined {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return match === null ? undefined : Number(match[1]) * 1024;
}

/**
 * Resident memory of this process in bytes, mapped files included, without what the JavaScript heap keeps in reserve: how
 * much that is depends on what went on before, not on what is held.
 */
export function heldBytes(): number {
  const { rss, heapTotal, heapUsed } = process.memoryUsage();
  return rss - heapTotal + heapUsed;
}

/**
 * Frees what JavaScript no longer needs, where the process was started with `--expose-gc`. Twice: buffers that the first
 * one finds are freed in the background, and the second one waits for that.
 */
export async function collectGarbage(): Promise<void> {
  globalThis.gc?.();
  await nextTurn();
  globalThis.gc?.();
}

/** Ticks of /proc/stat in a second (USER_HZ): 100 on every Linux that Node runs on. */
const TICKS = 100;

/**
 * CPU seconds that the machine's cores have been busy since its start, time stolen by other virtual machines included;
 * undefined where there is no /proc/stat.
 */
export function machineBusySeconds(): number | undefined {
  let text: string;
  try {
    text = readFileSync('/proc/stat', 'utf8');
  } catch {
    return undefined; // Not Linux: how busy others kept the machine stays unmeasured.
  }
  const [user, nice, system, , , irq, softirq, steal] = text
    .slice(0, text.indexOf('\n'))
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const busy = [user, nice, system, irq, softirq, steal].reduce<number>(
    (sum, ticks) => sum + (ticks ?? 0),
    0,
  );
  return busy / TICKS;
}

/** CPU seconds of this process, all its threads included. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
