import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, workerData } from 'node:worker_threads';

/** What the watchdog's thread is given. */
export interface WatchdogData {
  supervisor: number;
  /** Removed if the supervisor is gone. */
  workFolder: string;
  /** Folders whose unfinished files are removed. */
  temporaryFolders: readonly string[];
}

const LOOK_MS = 250;

/**
 * Runs in a thread of its own, because the main thread may be inside a native call for minutes. When the supervisor
 * is gone (killed, crashed) it removes what was unfinished and ends the process.
 */
function watch({ supervisor, workFolder, temporaryFolders }: WatchdogData): void {
  setInterval(() => {
    if (process.ppid === supervisor) return;
    try {
      rmSync(workFolder, { recursive: true, force: true });
      for (const folder of temporaryFolders) {
        for (const name of readdirSync(folder))
          if (name.startsWith('.tmp-')) rmSync(join(folder, name), { force: true });
      }
    } finally {
      process.kill(process.pid, 'SIGKILL');
    }
  }, LOOK_MS);
}

if (!isMainThread) watch(workerData as WatchdogData);
