import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { writeLock } from '../../harness/app/gate-lock.js';
import { displayPath, openSuite, readTextFile } from '../../harness/app/places.js';
import { planRun } from '../../harness/app/plan-run.js';
import { isThresholds, lockThresholds } from '../../migration/parity/thresholds.js';
import type { CommandContext } from '../context.js';

/** `vecproof lock`: fixes the gates of a suite before anything is tuned; runs say when they differ. */
export async function lockCommand(suite: string, context: CommandContext): Promise<ExitCode> {
  const file = resolve(context.cwd, suite);
  if (existsSync(file) && isThresholds(readTextFile(file, 'the thresholds'))) {
    const { path, sha256, gates } = lockThresholds(file, suite);
    context.out.write(
      `locked ${gates} gates (${sha256.slice(0, 12)}) in ${displayPath(path, context.cwd)}\n`,
    );
    return EXIT.passed;
  }
  const {
    parsed,
    suite: { path: suitePath },
  } = await planRun(openSuite(suite, context.cwd), {}, context);
  if (parsed.gates.gates.length === 0) {
    throw new InputError('this suite has no gates to lock', {
      where: suite,
      next: 'add gates: to it; see docs/gates.md',
    });
  }
  const { path, sha256 } = writeLock(suitePath, parsed.suite.name, parsed.gates);
  const count = parsed.gates.gates.length;
  context.out.write(`locked ${count} gates (${sha256.slice(0, 12)}) in ${displayPath(path, context.cwd)}\n`);
  return EXIT.passed;
}
