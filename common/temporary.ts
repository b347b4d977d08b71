import { lstatSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSameProcess, processMark, sharesNamespace } from './processes.js';
import { readRegularText } from './regular-file.js';

/** Says in each folder which process works in it. */
const OWNER = '.vecproof-owner';

/**
 * A new folder for temporary files of this process, which whoever asked for it removes. After kill -9 it stays, and
 * `doctor --clean` finds it.
 */
export async function temporaryFolder(what: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `vecproof-${what}-`));
  writeFileSync(join(folder, OWNER), `${process.pid} ${processMark(process.pid) ?? ''}\n`);
  return folder;
}

/** Folders of processes of this user that are gone. */
export function abandonedFolders(parent = tmpdir()): string[] {
  return namesIn(parent)
    .filter((name) => /^vecproof-[a-z]+-.{6}$/.test(name))
    .map((name) => join(parent, name))
    .filter(isAbandoned);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // What cannot be listed holds nothing that could be removed.
  }
}

function isAbandoned(folder: string): boolean {
  let text: string;
  try {
    const { uid } = lstatSync(folder);
    if (uid !== process.getuid?.()) return false;
    text = readRegularText(join(folder, OWNER), 4096);
  } catch {
    return false; // Not ours, still being made, or being removed.
  }
  const [pid, mark = ''] = text.trim().split(' ');
  // A process of another container that shares the folder cannot be seen from here.
  return Number(pid) > 0 && sharesNamespace(mark) && !isSameProcess(Number(pid), mark);
}

/** What was in TMPDIR before the first of those that are open now, and how many there are. */
let native: { folder: string; before: string | undefined; open: number } | undefined;

/**
 * Sends temporary files of native engines, which leave them behind when they build an index, to a folder that is removed with the
 * last of its users. Only the environment tells an engine in this process where they go; it is the process's own again afterwards.
 * @returns what gives it back
 */
export async function nativeTemporaries(): Promise<() => Promise<void>> {
  if (native === undefined) {
    const folder = await temporaryFolder('native');
    native ??= { folder, before: process.env['TMPDIR'], open: 0 };
    if (native.folder !== folder) rmSync(folder, { recursive: true, force: true });
  }
  const mine = native;
  mine.open++;
  process.env['TMPDIR'] = mine.folder;
  return async () => {
    if (--mine.open > 0) return;
    native = undefined;
    if (mine.before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = mine.before;
    await rm(mine.folder, { recursive: true, force: true });
  };
}
