#!/usr/bin/env node
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../common/errors.js';
import type { ReadingSign } from '../common/reading.js';
import { plainOutput } from './terminal.js';
import { type Overrun, ReadWatch, usageOf } from './watch.js';

/*
 * The command itself runs in a process of its own (program.ts), and this one watches it: a parser that loops, or takes all
 * memory, lets its process neither handle a signal nor end itself.
 */

const PROGRAM = fileURLToPath(new URL('./program.js', import.meta.url));
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** What an interrupted command has to begin to end in good order. */
const GRACE_MS = 5000;
/** What one that is interrupted again has to end at once by itself. */
const LAST_GRACE_MS = 300;
const LOOK_MS = 50;
/** Larger steps of the clock: this process was stopped, too. */
const MOST_STEP_MS = 1000;

const err = plainOutput(process.stderr);
const [first] = process.argv.slice(2);
// Nothing is read for help and version, which are asked for by scripts again and again.
if (first === undefined || ['help', '--help', '-h', '--version', '-V'].includes(first))
  await import('./program.js');
else watch(fork(PROGRAM, process.argv.slice(2), { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] }));

function watch(program: ChildProcess): void {
  const reads = new ReadWatch();
  let overrun: Overrun | undefined;
  let signals = 0;
  let heard = 0;
  program.on('message', (message: ReadingSign | { heard: true }) => {
    if ('heard' in message) heard++;
    else reads.sign(message);
  });
  let last = performance.now();
  const looking = setInterval(() => {
    const now = performance.now();
    const passed = Math.min(now - last, MOST_STEP_MS) / 1000;
    last = now;
    if (overrun !== undefined || reads.path === undefined || program.pid === undefined) return;
    overrun = reads.look(usageOf(program.pid), passed);
    if (overrun !== undefined) program.kill('SIGKILL');
  }, LOOK_MS);
  const kill = () => void program.kill('SIGKILL');
  for (const name of SIGNALS) {
    process.on(name, () => {
      signals++;
      // From a terminal it has the signal already; two within a moment are one for it.
      if (program.connected) program.send({ signal: name });
      if (signals > 1) setTimeout(kill, LAST_GRACE_MS);
      else setTimeout(() => heard === 0 && kill(), GRACE_MS);
    });
  }
  program.on('exit', (code, signal) => {
    clearInterval(looking);
    process.exit(code ?? codeOf(signal));
  });
  program.on('error', (error) => {
    err.write(`the command cannot be started: ${error.message}\n`);
    process.exit(EXIT.engineOrDatasetFailed);
  });

  /** Of a process that a signal ended. */
  function codeOf(signal: string | null): number {
    if (signals > 0) {
      err.write('interrupted\n');
      return EXIT.interrupted;
    }
    const path = overrun?.where ?? reads.path;
    if (path === undefined) {
      err.write(`the command was ended by ${signal}; what it had written is kept\n`);
      return EXIT.engineOrDatasetFailed;
    }
    const { what, next } = overrun ?? {
      what: `cannot be read: reading it ended the process (${signal}), most likely for want of memory`,
      next: 'the file is damaged, or too large for this machine',
    };
    err.write(`${path}: ${what}\n  next: ${next}\n`);
    return EXIT.badInput;
  }
}
