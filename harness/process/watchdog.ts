import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, workerData } from 'node:worker_threads';
import type { ContainerHandle } from '../../engines/contract/server.js';
import { removeBySocket } from '../../engines/launcher/remove-by-socket.js';
import { lockHolder } from '../store/lock.js';
import { runFolder } from '../store/run-folder.js';

/** What the watchdog's thread is given. */
export interface WatchdogData {
  supervisor: number;
  runFolder: string;
  /** The build's server, if it has one in a container. */
  container: ContainerHandle | undefined;
}

const LOOK_MS = 250;

/**
 * Runs in a thread of its own, because the main thread may be inside a native call for minutes. When the supervisor
 * is gone (killed, crashed) it removes what was unfinished, the build's container too, and ends the process.
 */
function watch(data: WatchdogData): void {
  const timer = setInterval(async () => {
    if (process.ppid === data.supervisor) return;
    clearInterval(timer);
    try {
      removeUnfinished(data);
      if (data.container !== undefined) await removeBySocket(data.container);
    } finally {
      process.kill(process.pid, 'SIGKILL');
    }
  }, LOOK_MS);
}

/** Removes what a killed supervisor cannot: engines' files, queries, unfinished files, and at last its lock. */
function removeUnfinished({ supervisor, runFolder: path }: WatchdogData): void {
  const folder = runFolder(path);
  if (lockHolder(folder) !== supervisor) return; // Another supervisor has taken the run over: all is its own now.
  rmSync(folder.work, { recursive: true, force: true, maxRetries: 5 });
  for (const each of [folder.path, folder.samples, folder.parts]) {
    for (const name of readdirSync(each))
      if (name.startsWith('.tmp-')) rmSync(join(each, name), { force: true });
  }
  if (lockHolder(folder) === supervisor) rmSync(folder.lock, { force: true });
}

if (!isMainThread) watch(workerData as WatchdogData);
