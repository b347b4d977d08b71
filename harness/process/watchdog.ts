import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, workerData } from 'node:worker_threads';
import { lockHolder } from '../../common/lock.js';
import { removeBySocket } from '../../engines/launcher/remove-by-socket.js';
import type { Leavings } from './protocol.js';

/** What the watchdog's thread is given. */
export interface WatchdogData {
  supervisor: number;
  leavings: Leavings;
}

const LOOK_MS = 250;

/**
 * Runs in a thread of its own, because the main thread may be inside a native call for minutes. When the supervisor
 * is gone (killed, crashed) it removes what was unfinished, the task's container too, and ends the process.
 */
function watch({ supervisor, leavings }: WatchdogData): void {
  const timer = setInterval(async () => {
    if (process.ppid === supervisor) return;
    clearInterval(timer);
    try {
      try {
        removeUnfinished(supervisor, leavings);
      } finally {
        // Others that worked in turns with it may be removing the same files, and be in its way.
        if (leavings.container !== undefined) await removeBySocket(leavings.container);
      }
    } finally {
      process.kill(process.pid, 'SIGKILL');
    }
  }, LOOK_MS);
}

/** Removes what a killed supervisor cannot: engines' files, queries, unfinished files, and at last its lock. */
function removeUnfinished(supervisor: number, { lock, folders, temporariesIn }: Leavings): void {
  if (lockHolder(lock) !== supervisor) return; // Another supervisor has taken the run over: all is its own now.
  for (const each of folders) rmSync(each, { recursive: true, force: true, maxRetries: 5 });
  for (const each of temporariesIn) {
    for (const name of readdirSync(each))
      if (name.startsWith('.tmp-')) rmSync(join(each, name), { force: true });
  }
  if (lockHolder(lock) === supervisor) rmSync(lock, { force: true });
}

if (!isMainThread) watch(workerData as WatchdogData);
