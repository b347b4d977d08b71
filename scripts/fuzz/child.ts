import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InputError, messageOf } from '../../common/errors.js';
import { visible } from '../../common/visible.js';
import { mutate } from './mutate.js';
import { type Seed, type Target, targets } from './targets.js';

/** What became of a changed file. */
export type Outcome = 'equal' | 'changed' | 'refused' | 'no place' | 'unexpected' | 'disk' | 'memory';

export interface Task {
  runs: string;
  work: string;
  target: string;
  seed: number;
  from: number;
  to: number;
}

export type Message =
  | { begin: number; seed: string }
  | { end: number; outcome: Outcome; detail?: string; peak: number };

/** Whatever a file is, it may become this. */
const HARMLESS = 8 * 2 ** 20;
const MOST_MEMORY = 2 ** 30;

const send = (message: Message): void => void process.send?.(message);

function place(folder: string, { files, changed }: Seed, content: Uint8Array | undefined): void {
  for (const [name, from] of Object.entries(files)) {
    const to = join(folder, name);
    mkdirSync(dirname(to), { recursive: true });
    if (name === changed && content !== undefined) writeFileSync(to, content);
    else cpSync(from, to);
  }
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    return sum + (entry.isDirectory() ? bytesBelow(path) : statSync(path).size);
  }, 0);
}

/** Peak memory since the last call. */
function peak(): number {
  try {
    const [, kib] = /^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
    writeFileSync('/proc/self/clear_refs', '5');
    return Number(kib) * 1024;
  } catch {
    return process.memoryUsage().rss; // No /proc here.
  }
}

async function outcomeOf(
  target: Target,
  seed: Seed,
  bytes: number,
  folder: string,
  home: string,
  expected: string,
): Promise<{ outcome: Outcome; detail?: string }> {
  let result: { outcome: Outcome; detail?: string };
  try {
    const found = await target.read(folder, seed.changed, home);
    result = { outcome: found === expected ? 'equal' : 'changed' };
  } catch (error) {
    if (error instanceof InputError || (error as { exitCode?: number }).exitCode === 2) {
      const { where, message } = error as InputError;
      result =
        (where === undefined || where === '') && !message.includes(seed.changed)
          ? { outcome: 'no place', detail: message }
          : { outcome: 'refused', detail: message };
    } else {
      const detail = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
      result = { outcome: 'unexpected', detail };
    }
  }
  const used = bytesBelow(home);
  return used > Math.max(HARMLESS, bytes * 10)
    ? { outcome: 'disk', detail: `${used} bytes of ${bytes}` }
    : result;
}

async function run({ runs, work, target: name, seed: base, from, to }: Task): Promise<void> {
  const target = targets(runs).find((each) => each.name === name)!;
  const [folder, home] = [join(work, 'case'), join(work, 'home')];
  const clean = () => {
    for (const path of [folder, home]) {
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path, { recursive: true });
    }
  };
  const expected = new Map<string, string>();
  for (let number = from; number < to; number++) {
    const seed = target.seeds[number % target.seeds.length]!;
    send({ begin: number, seed: seed.name });
    if (!expected.has(seed.name)) {
      clean();
      place(folder, seed, undefined);
      expected.set(seed.name, await target.read(folder, seed.changed, home).catch(() => 'refused'));
    }
    clean();
    const content = mutate(readFileSync(seed.files[seed.changed]!), target.isText, base * 1_000_003 + number);
    place(folder, seed, content);
    const result = await outcomeOf(target, seed, content.length, folder, home, expected.get(seed.name)!);
    const most = peak();
    const outcome = most > MOST_MEMORY ? 'memory' : result.outcome;
    send({
      end: number,
      outcome,
      peak: most,
      ...(result.detail && { detail: visible(result.detail).slice(0, 600) }),
    });
  }
}

// Who counts was stopped.
process.on('disconnect', () => process.exit());
process.on('message', (task: Task) => void run(task).then(() => process.disconnect()));
