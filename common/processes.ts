import { readFileSync, readlinkSync } from 'node:fs';

/** Whether a process of that number runs, whoever owns it. One that has ended and was not waited for does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return !isZombie(pid);
}

function isZombie(pid: number): boolean {
  try {
    return /^[ZX]/.test(afterName(readFileSync(`/proc/${pid}/stat`, 'utf8')));
  } catch {
    return false; // No /proc here, or it has ended by now, which the next look shows.
  }
}

/** The fields of /proc/<pid>/stat from the state on: the name before them may hold anything. */
const afterName = (stat: string): string => stat.slice(stat.lastIndexOf(')') + 2);

/**
 * Start time and PID namespace of a process, on Linux: numbers are given again after a restart, this is not.
 * Undefined elsewhere.
 */
export function processMark(pid: number): string | undefined {
  try {
    const started = afterName(readFileSync(`/proc/${pid}/stat`, 'utf8')).split(' ')[19];
    return `${started}@${readlinkSync(`/proc/${pid}/ns/pid`).replace(/\D/g, '')}`;
  } catch {
    return undefined; // No /proc here: the process number alone has to do.
  }
}

/** Whether processes with this mark can be seen from here; without one they are taken to be. */
export function sharesNamespace(mark: string): boolean {
  const own = processMark(process.pid);
  return mark === '' || own === undefined || mark.split('@')[1] === own.split('@')[1];
}

/** Whether the very process that was given this mark is still there; without marks the number has to do. */
export function isSameProcess(pid: number, mark: string | undefined): boolean {
  if (!isAlive(pid)) return false;
  const now = processMark(pid);
  return mark === undefined || mark === '' || now === undefined || now === mark;
}
