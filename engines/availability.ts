import { remedyFor } from './kit/remedy.js';
import type { LoadMessage } from './load-check.js';
import { type NativeParts, nativeParts } from './native/native.js';
import { probe } from './probe.js';
import { loadEngine } from './registry.js';

export type Availability =
  | {
      state: 'available';
      versions: Record<string, string>;
      /** What its native parts consist of; undefined where that cannot be seen, empty where it has none. */
      native?: NativeParts | undefined;
    }
  | {
      state: 'missing';
      package: string;
      /** Why, as far as can be told; one line. */
      reason: string;
      /** What to do about it; a command, or what it takes first. */
      next: string;
    };

/** Loading an engine takes a second or so; what takes this long hangs. */
const LOAD_MS = 60_000;

/** Whether an engine works here; see `engineAvailabilities`. */
export async function engineAvailability(name: string): Promise<Availability> {
  return (await engineAvailabilities([name])).get(name)!;
}

/**
 * Whether engines' packages are there and load, native parts too: tried in a process of their own, so that a crash is
 * a finding as well. Throws InputError for an unknown name.
 * @returns by name, in the order given
 */
export async function engineAvailabilities(names: readonly string[]): Promise<Map<string, Availability>> {
  const found = new Map<string, Availability>();
  for (const name of names) {
    // What needs nothing is there; and an unknown name is found before any process is started.
    const { packages } = await loadEngine(name);
    if (packages.length === 0) found.set(name, { state: 'available', versions: {} });
  }
  let left = names.filter((name) => !found.has(name));
  while (left.length > 0) {
    await load(left, found);
    left = left.filter((name) => !found.has(name));
  }
  return new Map(names.map((name) => [name, found.get(name)!]));
}

/** Loads engines until all are loaded or the process ends; the one it ended with is found missing then. */
async function load(names: readonly string[], found: Map<string, Availability>): Promise<void> {
  let current = { engine: names[0]!, package: '' };
  const answers: Promise<void>[] = [];
  const how = await probe<LoadMessage>('engines/load-check.js', names, LOAD_MS, (message) => {
    if (message.type === 'begin') current = message;
    else answers.push(note(message, found));
  });
  await Promise.all(answers);
  if (names.every((name) => found.has(name))) return;
  const engine = found.has(current.engine) ? names.find((name) => !found.has(name))! : current.engine;
  const { packages } = await loadEngine(engine);
  const said = `loading it ${how}`;
  const named = engine === current.engine && current.package !== '' ? current.package : packages[0]!;
  await note({ type: 'failed', engine, failure: { package: named, installed: true, said } }, found);
}

async function note(
  message: Exclude<LoadMessage, { type: 'begin' }>,
  found: Map<string, Availability>,
): Promise<void> {
  if (message.type === 'loaded') {
    const { engine, versions, libraries, instructions } = message;
    const native = libraries && nativeParts(libraries, instructions);
    found.set(engine, { state: 'available', versions, native });
    return;
  }
  const { compiled = [], node } = await loadEngine(message.engine);
  const { failure } = message;
  found.set(message.engine, {
    state: 'missing',
    package: failure.package,
    ...remedyFor(failure, { compiled, node }),
  });
}
