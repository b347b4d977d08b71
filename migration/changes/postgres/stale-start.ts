import { rmSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Between making the file and writing it, PostgreSQL does nothing else: what is empty for so long, nobody writes any more. */
const UNWRITTEN_MS = 1000;

/**
 * PostgreSQL notes its process in `postmaster.pid` when it starts. Killed between making that file and writing it, it leaves an
 * empty one, with which no later start succeeds ("is the remnant of a previous server startup crash", its own
 * message says): that one is removed. A file with a process in it PostgreSQL judges by itself.
 * @param folder of a PGlite
 */
export async function removeStaleStart(folder: string): Promise<void> {
  const file = join(folder, 'postmaster.pid');
  const before = statOf(file);
  if (before === undefined || before.size > 0) return;
  await pause(UNWRITTEN_MS);
  const after = statOf(file);
  if (after?.size === 0 && after.ino === before.ino && after.mtimeMs === before.mtimeMs) rmSync(file);
}

const statOf = (file: string): Stats | undefined => statSync(file, { throwIfNoEntry: false });
