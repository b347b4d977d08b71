import { readFileSync, readlinkSync } from 'node:fs';

/** Whether a process of that number runs, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Start time and PID namespace of a process, on Linux: numbers are given again after a restart, this is not.
 * Undefined elsewhere.
 */
export function processMark(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${started}@${readlinkSync(`/proc/${pid}/ns/pid`).replace(/\D/g, '')}`;
  } catch {
    return undefined; // No /proc here: the process number alone has to do.
  }
}

/** Whether the very process that was given this mark is still there; without marks the number has to do. */
export function isSameProcess(pid: number, mark: string | undefined): boolean {
  if (!isAlive(pid)) return false;
  const now = processMark(pid);
  return mark === undefined || mark === '' || now === undefined || now === mark;
}
