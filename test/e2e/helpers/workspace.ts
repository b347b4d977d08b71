import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const folders: string[] = [];

/** An empty folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vecproof-e2e-'));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder to run commands in, with its own runs and, so that data is converted once, a shared cache. */
export class Workspace {
  readonly folder: string;

  constructor(cache?: string) {
    this.folder = temporaryFolder();
    if (cache !== undefined) symlinkSync(cache, join(this.folder, '.cache'));
  }

  /** Writes a file of the test, `suite.yaml` for instance; returns its path. */
  write(name: string, content: string | Uint8Array): string {
    const path = join(this.folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  get runs(): string[] {
    const path = join(this.folder, '.runs');
    const entries = existsSync(path) ? readdirSync(path, { withFileTypes: true }) : [];
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  }

  /** Path of the only run, or of a file in it. */
  run(...names: string[]): string {
    const [only, second] = this.runs;
    if (only === undefined || second !== undefined)
      throw new Error(`expected one run: ${this.runs.join(', ')}`);
    return join(this.folder, '.runs', only, ...names);
  }

  read(...names: string[]): string {
    return readFileSync(this.run(...names), 'utf8');
  }

  json<T>(...names: string[]): T {
    return JSON.parse(this.read(...names)) as T;
  }

  /** Every file below the workspace, relative, sorted. */
  files(below = '.'): string[] {
    return readdirSync(join(this.folder, below), { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.folder.length + 1))
      .sort();
  }

  /** What should have been renamed or removed: unfinished files, engines' work, locks. */
  halfWritten(): string[] {
    return this.files().filter((path) => /(^|\/)\.tmp-|\.tmp$|\.runs\/[^/]+\/(work|lock)(\/|$)/.test(path));
  }
}
