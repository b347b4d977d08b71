import { messageOf } from '../common/errors.js';
import { ClientError, packageVersion, requireClient } from './kit/packages.js';
import type { LoadFailure } from './kit/remedy.js';
import { loadedLibraries } from './native/loaded.js';
import { loadEngine } from './registry.js';

/** What the process that loads engines tells. `begin` is flushed before the package is touched. */
export type LoadMessage =
  | { type: 'begin'; engine: string; package: string }
  | {
      type: 'loaded';
      engine: string;
      versions: Record<string, string>;
      /** Native libraries that loading it has mapped; undefined where that cannot be seen. */
      libraries: readonly string[] | undefined;
      /** What the engine says of the instructions it uses. */
      instructions: string | undefined;
    }
  | { type: 'failed'; engine: string; failure: LoadFailure };

/** Entry of a process of its own: loads the engines named on its command line one after the other, native parts too. */
async function main(): Promise<void> {
  for (const name of process.argv.slice(2)) await send(await loaded(name));
  // Not by Node's own exit, in which a client's native code may hang or crash: all is said.
  process.kill(process.pid, 'SIGKILL');
}

async function loaded(engine: string): Promise<LoadMessage> {
  const { packages, load, instructions } = await loadEngine(engine);
  const before = new Set(loadedLibraries());
  const versions: Record<string, string> = {};
  let current = '';
  try {
    for (const name of packages) {
      current = name;
      await send({ type: 'begin', engine, package: name });
      requireClient(name);
      versions[name] = packageVersion(name) ?? 'unknown';
    }
    await load?.();
    const libraries = loadedLibraries()?.filter((path) => !before.has(path));
    return { type: 'loaded', engine, versions, libraries, instructions: instructions?.(libraries ?? []) };
  } catch (error) {
    const failure =
      error instanceof ClientError
        ? { package: error.package, installed: error.installed, said: error.said }
        : { package: current, installed: true, said: messageOf(error) };
    return { type: 'failed', engine, failure };
  }
}

function send(message: LoadMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(message, undefined, undefined, (error) => (error === null ? resolve() : reject(error)));
  });
}

await main();
