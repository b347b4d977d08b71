import { readFileSync } from 'node:fs';

/** Where the system keeps its own libraries. */
const SYSTEM = /^\/(usr\/)?lib(32|64|x32)?\//;

/**
 * Native libraries that this process has mapped with the right to execute them, the system's own left out; sorted.
 * Undefined where the system does not tell (it does on Linux).
 */
export function loadedLibraries(): string[] | undefined {
  let maps: string;
  try {
    maps = readFileSync('/proc/self/maps', 'utf8');
  } catch {
    return undefined;
  }
  const found = maps.split('\n').flatMap((line) => {
    // Range, rights, offset, device, inode, path (proc(5)).
    const [, rights, path] = /^\S+ (\S+) \S+ \S+ \d+ +(\/.*)$/.exec(line) ?? [];
    return rights?.includes('x') && path !== undefined ? [path] : [];
  });
  return [...new Set(found)].filter((path) => path !== process.execPath && !SYSTEM.test(path)).sort();
}
