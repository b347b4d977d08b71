import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, type ExitCode, FailureError, InputError, messageOf } from '../../common/errors.js';
import { findRun, listRuns, type RunFolder, runFolder } from '../../harness/store/run-folder.js';
import { reportFile } from '../../reports/write.js';
import type { CommandContext } from '../context.js';

/** `vecproof open`: shows a report in the browser, the newest one if no run is named. Prints its path in any case. */
export async function openCommand(
  reference: string | undefined,
  options: { print?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const path = reportFile(
    reference === undefined ? newestReport(context.runs) : reported(reference, context.runs),
  );
  context.out.write(`${path}\n`);
  if (options.print !== true) await openFile(path);
  return EXIT.passed;
}

function newestReport(runs: string): RunFolder {
  const folders = listRuns(runs).map((id) => runFolder(join(runs, id)));
  const found = folders.findLast((folder) => existsSync(reportFile(folder)));
  if (found !== undefined) return found;
  throw new InputError('no run has a report yet', {
    where: runs,
    next:
      folders.length === 0
        ? 'start a run: vecproof run quickstart'
        : `write the report of the last run: vecproof report ${folders.at(-1)!.id}`,
  });
}

function reported(reference: string, runs: string): RunFolder {
  const folder = findRun(reference, runs);
  if (existsSync(reportFile(folder))) return folder;
  throw new InputError('this run has no report', {
    where: folder.path,
    next: `write it: vecproof report ${folder.id}`,
  });
}

/** The platform's own way to open a file; the path is an argument and meets no shell. */
const OPENERS: Partial<Record<NodeJS.Platform, string>> = { darwin: 'open', win32: 'explorer.exe' };

const STILL_RUNNING_MS = 3000;

function openFile(path: string): Promise<void> {
  const opener = OPENERS[process.platform] ?? 'xdg-open';
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: unknown) =>
      reject(
        new FailureError(what, { where: opener, next: 'open the path that was printed by hand', cause }),
      );
    const child = spawn(opener, [path], { stdio: 'ignore', detached: true });
    // One that goes on is the browser itself.
    const timer = setTimeout(() => {
      child.unref();
      resolve();
    }, STILL_RUNNING_MS);
    child.once('error', (error) => {
      clearTimeout(timer);
      fail(`the report cannot be opened: ${messageOf(error)}`, error);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      // Windows' explorer says 1 also where it has opened the file.
      if (code === 0 || process.platform === 'win32') resolve();
      else fail(`the report cannot be opened: exit code ${code}`);
    });
  });
}
