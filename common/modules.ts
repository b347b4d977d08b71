import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

/** Specifiers of static imports and re-exports, and of imports at run time; those of types alone have no code. */
const IMPORT =
  /^(?:import|export) (?!type\b)(?:[^"'();=]* from )?["'](\.[^"']+)["']|\bimport\(\s*["'](\.[^"']+)["']/gm;

/**
 * Files of the modules that some modules load, directly or through others, these included: compiled ones, or sources
 * where the code runs from source. Sorted; packages are left out.
 * @throws if a module imports a file that is not there
 */
export function modulesFrom(roots: readonly string[]): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  const queue = [...roots];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (found.has(path)) continue;
    const content = readFileSync(path);
    found.set(path, content);
    for (const [, fixed, late] of content.toString('utf8').matchAll(IMPORT)) {
      queue.push(fileOf(resolve(dirname(path), (fixed ?? late)!)));
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Sources import each other by the names of their compiled files. */
function fileOf(path: string): string {
  const source = path.replace(/\.js$/, '.ts');
  return !existsSync(path) && existsSync(source) ? source : path;
}

/** SHA-256 over names and contents of all that some modules load (`modulesFrom`). */
export function codeHash(roots: readonly string[], version: string): string {
  const h = createHash('sha256').update(version);
  const base = dirname(roots[0]!);
  for (const [path, content] of modulesFrom(roots)) {
    const name = relative(base, path);
    // Lengths keep apart what names and contents alone could not.
    h.update(`${name.length} ${name} ${content.length} `).update(content);
  }
  return h.digest('hex');
}
