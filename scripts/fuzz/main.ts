import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../common/paths.js';
import type { Message, Outcome, Task } from './child.js';
import { mutate } from './mutate.js';
import { targets } from './targets.js';

/**
 * Reads changed files as commands do, and counts what becomes of it.
 *
 *   npm run fuzz -- [--format <name>] [--count <n>] [--seed <n>] [--from <n>] [--keep <folder>] [--json]
 *
 * `refused`: bad input with its place. `equal`: the same was read as of the file that was not changed; `changed`:
 * something else, as most formats have no checksums. Everything else is a fault: exit code 1.
 */
const { values } = parseArgs({
  options: {
    format: { type: 'string', multiple: true },
    count: { type: 'string', default: '200' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

/** Of one that ends within a second on a machine with nothing else to do. */
const DEADLINE_MS = 90_000;
const MOST_MEMORY = 2 ** 30;
/** Cases of one process. */
const BATCH = 500;
const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));

export type Counted = Outcome | 'hang' | 'crash';
const FAULTS: readonly Counted[] = ['no place', 'unexpected', 'disk', 'memory', 'hang', 'crash'];

interface Found {
  format: string;
  number: number;
  seed: string;
  outcome: Counted;
  detail: string;
}

const work = mkdtempSync(join(tmpdir(), 'vecproof-fuzz-'));
let running: ChildProcess | undefined;
process.on('exit', () => {
  running?.kill('SIGKILL');
  rmSync(work, { recursive: true, force: true, maxRetries: 5 });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

/** A small run that the readers of runs get: two engines, a filter, judgements, a baseline and a history. */
function makeRun(): string {
  const cli = join(packageRoot, 'dist/cli/main.js');
  const vecproof = (...args: string[]) => {
    const { status, stderr } = spawnSync(process.execPath, [cli, ...args], {
      env: { ...process.env, VECPROOF_HOME: work },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`the run could not be made: ${stderr}`);
  };
  vecproof('run', join(packageRoot, 'test/golden/fuzz/run/suite.yaml'));
  vecproof('baseline', 'set', 'latest', '--name', 'main');
  const runs = join(work, '.runs');
  const [id] = JSON.parse(readFileSync(join(runs, 'baselines.json'), 'utf8')).baselines.main.runs as string[];
  writeFileSync(join(runs, id!, 'lock'), '4194303 1@1\n');
  for (const name of ['logs', 'work']) rmSync(join(runs, id!, name), { recursive: true, force: true });
  for (const name of ['report.html', 'results.csv', 'verdicts.json', 'junit.xml'])
    rmSync(join(runs, id!, name), { force: true });
  return runs;
}

/** Runs cases `from` to `to` in a process that is ended where one takes too long or too much. */
function batch(
  task: Task,
  take: (message: Extract<Message, { end: number }>, seed: string) => void,
): Promise<number> {
  return new Promise((resolve) => {
    const child = fork(CHILD, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    running = child;
    let said = '';
    child.stderr?.on('data', (text: Buffer) => {
      said = (said + text.toString()).slice(-2000);
    });
    let current: { number: number; seed: string; since: number } | undefined;
    let verdict: Counted | undefined;
    const looking = setInterval(() => {
      if (current === undefined || verdict !== undefined) return;
      if (performance.now() - current.since > DEADLINE_MS) verdict = 'hang';
      else if (residentBytes(child.pid!) > MOST_MEMORY) verdict = 'memory';
      if (verdict !== undefined) child.kill('SIGKILL');
    }, 50);
    child.on('message', (message: Message) => {
      if ('begin' in message)
        current = { number: message.begin, seed: message.seed, since: performance.now() };
      else {
        take(message, current!.seed);
        current = undefined;
      }
    });
    child.on('exit', (code, signal) => {
      clearInterval(looking);
      if (current === undefined) {
        if (code !== 0) throw new Error(`a process of the fuzz run ended with ${code ?? signal}: ${said}`);
        resolve(task.to);
        return;
      }
      const outcome = (verdict ?? 'crash') as Outcome;
      take({ end: current.number, outcome, peak: 0, detail: `${code ?? signal} ${said}` }, current.seed);
      resolve(current.number + 1);
    });
    child.send(task);
  });
}

function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024;
  } catch {
    return 0; // No /proc here, or it has just ended.
  }
}

const runs = makeRun();
const [first, count, seed] = [values.from, values.count, values.seed].map(Number) as [number, number, number];
const known = targets(runs);
const wanted = known.filter(({ name }) => values.format === undefined || values.format.includes(name));
if (wanted.length === 0)
  throw new Error(`no such format; there are ${known.map(({ name }) => name).join(', ')}`);
const table: Record<string, Partial<Record<Counted, number>>> = {};
const faults: Found[] = [];
for (const { name, seeds, isText } of wanted) {
  const counts: Partial<Record<Counted, number>> = {};
  table[name] = counts;
  const begun = performance.now();
  for (let at = first; at < first + count; ) {
    const task = {
      runs,
      work: join(work, 'child'),
      target: name,
      seed,
      from: at,
      to: Math.min(first + count, at + BATCH),
    };
    mkdirSync(task.work, { recursive: true });
    at = await batch(task, ({ end, outcome, detail = '' }, file) => {
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      if (!FAULTS.includes(outcome)) return;
      faults.push({ format: name, number: end, seed: file, outcome, detail });
      keep(name, end, file);
    });
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  process.stderr.write(`${name}: ${JSON.stringify(counts)} ${seconds} s\n`);

  function keep(format: string, number: number, file: string): void {
    if (values.keep === undefined) return;
    mkdirSync(values.keep, { recursive: true });
    const from = seeds.find((each) => each.name === file)!;
    const content = mutate(readFileSync(from.files[from.changed]!), isText, seed * 1_000_003 + number);
    const label = `${format}-${number}-${file}`.replaceAll(/[^\w.-]+/g, '_');
    writeFileSync(join(values.keep, label), content);
  }
}
for (const { format, number, seed: file, outcome, detail } of faults)
  process.stderr.write(`${outcome}: ${format} ${number} (${file}) ${detail}\n`);
process.stdout.write(
  values.json ? `${JSON.stringify({ seed, count, table, faults }, null, 2)}\n` : `${markdown()}\n`,
);
process.exitCode = faults.length === 0 ? 0 : 1;

function markdown(): string {
  const columns: readonly Counted[] = ['equal', 'changed', 'refused', ...FAULTS];
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [
    row(['reader', ...columns]),
    row(['---', ...columns.map(() => '--:')]),
    ...Object.entries(table).map(([name, counts]) =>
      row([name, ...columns.map((each) => counts[each] ?? 0)]),
    ),
  ].join('\n');
}
