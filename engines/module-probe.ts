import { pathToFileURL } from 'node:url';

/** What the process that tries a module tells once that has loaded, or has failed to in good order. */
export type ModuleProbed = 'over';

/** Entry of a process of its own: loads the module named on its command line. */
async function main(): Promise<void> {
  // What it throws is told by the process that loads it in earnest.
  await import(pathToFileURL(process.argv[2]!).href).catch(() => undefined);
  await new Promise((resolve) => process.send!('over' satisfies ModuleProbed, resolve));
  // Not by Node's own exit, in which a client's native code may hang or crash: all is said.
  process.kill(process.pid, 'SIGKILL');
}

await main();
