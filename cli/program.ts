import { Command, CommanderError } from 'commander';
import { DEBUG_NAMESPACES, unknownDebugNamespaces } from '../common/debug.js';
import { EXIT, InterruptedError, messageOf, VecproofError } from '../common/errors.js';
import { packageInfo } from '../common/paths.js';
import { tellOfReading } from '../common/reading.js';
import * as baseline from './commands/baseline.js';
import * as compare from './commands/compare.js';
import * as conformance from './commands/conformance.js';
import * as dataset from './commands/dataset.js';
import * as doctor from './commands/doctor.js';
import * as exportPoints from './commands/export.js';
import * as gate from './commands/gate.js';
import * as inventory from './commands/inventory.js';
import * as list from './commands/list.js';
import * as load from './commands/load.js';
import * as lock from './commands/lock.js';
import * as map from './commands/map.js';
import * as merge from './commands/merge.js';
import * as migrate from './commands/migrate.js';
import * as monitor from './commands/monitor.js';
import * as open from './commands/open.js';
import * as parity from './commands/parity.js';
import * as power from './commands/power.js';
import * as queries from './commands/queries.js';
import * as record from './commands/record.js';
import * as rehearse from './commands/rehearse.js';
import * as report from './commands/report.js';
import * as run from './commands/run.js';
import * as score from './commands/score.js';
import * as truth from './commands/truth.js';
import * as validate from './commands/validate.js';
import * as verify from './commands/verify.js';
import { interruptSignal, makeContext } from './context.js';
import type { Run } from './options.js';
import { type Output, plainOutput } from './terminal.js';

/** Commands as the help lists them. Each registers its own options, and loads what it does when it is called. */
const GROUPS: Readonly<Record<string, readonly { register(program: Command, run: Run): void }[]>> = {
  Measure: [run, truth, queries, conformance],
  Judge: [gate, baseline, lock, power, parity, score, compare],
  Report: [report, merge, open],
  Migrate: [migrate, inventory, exportPoints, validate, map, load, verify, rehearse, monitor, record],
  Data: [dataset],
  'Look up': [list, doctor],
};

const EXIT_CODES = `
Exit codes: 0 passed, 1 a gate failed or a difference was found, 2 bad input, 3 an engine, dataset or machine failed,
4 a decision is awaited, 5 others still work on a shared load, 130 interrupted.`;

const signal = interruptSignal();
// Absent where nobody watches: for help, and where it is started by itself.
if (process.send !== undefined) tellOfReading((sign) => process.send?.(sign));
const program = new Command('vecproof')
  .description('Proves or refutes, with evidence, that a vector search gives the answers it should.')
  .version(packageInfo().version)
  // What stands behind a subcommand is its own, also where its parent has an option of that name.
  .enablePositionalOptions()
  .showHelpAfterError('(add --help for all options)')
  .showSuggestionAfterError()
  .exitOverride()
  .configureOutput({
    writeOut: (text) => plainOutput(process.stdout).write(text),
    writeErr: (text) => plainOutput(process.stderr).write(text),
  })
  .addHelpText('after', EXIT_CODES);

for (const [title, commands] of Object.entries(GROUPS)) {
  program.commandsGroup(`${title}:`);
  for (const { register } of commands) register(program, runAction);
}
program.helpCommand('help [command]', 'show the options of a command');

/** Runs a command's action and sets the exit code. */
async function runAction(...[home, action]: Parameters<Run>): Promise<void> {
  const context = makeContext(home, signal);
  const strange = unknownDebugNamespaces();
  if (strange.length > 0)
    context.err.write(
      `VECPROOF_DEBUG: ${strange.join(', ')} unknown; there are ${DEBUG_NAMESPACES.join(', ')} and *\n`,
    );
  try {
    process.exitCode = await action(context);
  } catch (error) {
    context.progress.end();
    fail(error, context.err);
  } finally {
    context.progress.end();
  }
}

/** Expected errors are told in their own words; anything else is a defect and shows its stack. */
function fail(error: unknown, output: Pick<Output, 'write'>): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.passed : EXIT.badInput;
  } else if (signal.aborted || error instanceof InterruptedError) {
    output.write('interrupted\n');
    process.exitCode = EXIT.interrupted;
  } else if (error instanceof VecproofError) {
    output.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  } else {
    output.write(
      `unexpected: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}\n`,
    );
    process.exitCode = EXIT.engineOrDatasetFailed;
  }
}

// What nobody waits for is told through the same door.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error) => {
    fail(error, plainOutput(process.stderr));
    process.exit();
  });
}

try {
  await program.parseAsync();
} catch (error) {
  fail(error, plainOutput(process.stderr));
}
