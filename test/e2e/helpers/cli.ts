import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, TestRunner } from 'vitest';
import { packageRoot } from '../../../common/paths.js';
import { MARK, marked } from './processes.js';
import { until } from './until.js';

export interface Outcome {
  /** null if it was killed. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Place {
  /** Working directory and home (`.runs/`, `.cache/`) of the command. */
  folder: string;
  env?: Record<string, string>;
  /** Root of another installation of vecproof. */
  installation?: string;
}

export interface Running {
  child: ChildProcess;
  /** Knows the command's processes; see `marked`. */
  mark: string;
  /** Resolves when the command has ended and checks that no process and no temporary file of it is left. */
  ended: Promise<Outcome>;
}

const NO_TEXT = { stdout: '', stderr: '' };

const marks: string[] = [];

// A test that failed must not leave what it started: a stopped process would wait for ever.
afterAll(() => {
  for (const mark of marks.splice(0)) for (const { pid } of marked(mark)) process.kill(pid, 'SIGKILL');
});

/** Starts `vecproof …` as a user would, with a folder for temporary files of its own. */
export function start(args: readonly string[], place: Place): Running {
  const mark = randomUUID();
  marks.push(mark);
  const temporary = join(place.folder, 'os-temporary', mark);
  mkdirSync(temporary, { recursive: true });
  const child = spawn(
    process.execPath,
    [join(place.installation ?? packageRoot, 'dist/cli/main.js'), ...args],
    {
      cwd: place.folder,
      env: { ...environment(place.folder), TMPDIR: temporary, ...place.env, [MARK]: mark },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, as a shell gives it: Ctrl-C goes to all of it.
      detached: true,
    },
  );
  const text = { ...NO_TEXT };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]!.setEncoding('utf8').on('data', (part: string) => {
      text[stream] += part;
    });
  }
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject);
    const late = beforeTestIsOver(() => reject(new Error(unfinished(args, place, text))));
    child.once('close', (code) => {
      clearTimeout(late);
      resolve({ code, ...text });
    });
  }).then(async (outcome) => {
    await nothingLeft(mark, temporary);
    return outcome;
  });
  return { child, mark, ended };
}

const MARGIN_MS = 5000;

/** Calls back a moment before the running test's time is over: what hangs is told then, not only that it does. */
function beforeTestIsOver(tell: () => void): NodeJS.Timeout | undefined {
  const test = TestRunner.getCurrentTest();
  if (test?.result?.startTime === undefined) return undefined;
  const left = test.result.startTime + test.timeout - MARGIN_MS - Date.now();
  return setTimeout(tell, Math.max(0, left)).unref();
}

/** What a command that does not end has said and recorded. */
function unfinished(args: readonly string[], { folder }: Place, { stdout, stderr }: typeof NO_TEXT): string {
  const runs = join(folder, '.runs');
  const logs = (existsSync(runs) ? readdirSync(runs) : []).map((run) => join(runs, run, 'events.jsonl'));
  const recorded = logs.filter(existsSync).map((log) => readFileSync(log, 'utf8').slice(-1000));
  const said = [
    `stdout: ${stdout.slice(-500)}`,
    `stderr: ${stderr.slice(-1000)}`,
    `events: ${recorded.join()}`,
  ];
  return `"vecproof ${args.join(' ')}" has not ended within the time of the test\n${said.join('\n')}`;
}

/** Runs `vecproof …` to its end. */
export function vecproof(args: readonly string[], place: Place): Promise<Outcome> {
  return start(args, place).ended;
}

/** Plain output, and no settings of whoever runs the tests. */
function environment(folder: string): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'LANG', 'LD_LIBRARY_PATH', 'NODE_EXTRA_CA_CERTS'];
  const inherited = Object.fromEntries(
    kept.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  );
  return { ...inherited, NO_COLOR: '1', VECPROOF_HOME: folder };
}

/** A killed supervisor's child needs a moment to notice; nothing may be left after that. */
async function nothingLeft(mark: string, temporary: string): Promise<void> {
  await until(
    `processes that should have ended: ${JSON.stringify(marked(mark))}`,
    () => marked(mark).length === 0,
    10,
  );
  expect(readdirSync(temporary), 'files left in the folder for temporary files').toEqual([]);
}
