import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { writeFileAtomic } from '../../common/files.js';
import type { GateSet } from '../gate/gates.js';
import type { LockState } from '../model/verdict.js';
import { parseOr, readJson } from '../store/read-json.js';

const lockSchema = z.strictObject({
  schema: z.literal(1),
  suite: z.string(),
  /** Over `gates`. */
  sha256: z.string(),
  gates: z.array(z.string()),
});

/** `suites/x.yaml` is locked by `suites/x.lock.json`. */
export function lockFile(suitePath: string): string {
  return `${suitePath.replace(/\.ya?ml$/, '')}.lock.json`;
}

/** Everything that changes what a gate lets pass; presets are written out, so that a stricter one shows. */
function linesOf({ gates, inconclusive, missing }: GateSet, about: readonly string[]): string[] {
  const lines = gates.map(({ name, level, by }) => `${name} (${level}, by ${by})`).toSorted();
  const more = missing === undefined ? [] : [`missing: ${missing}`];
  return [...lines, `inconclusive: ${inconclusive}`, ...more, ...about];
}

const hashOf = (lines: readonly string[]): string =>
  createHash('sha256').update(lines.join('\n')).digest('hex');

/**
 * Writes the lock beside the suite.
 * @param about what else is fixed, one line each
 */
export function writeLock(
  suitePath: string,
  name: string,
  set: GateSet,
  about: readonly string[] = [],
): { path: string; sha256: string } {
  const gates = linesOf(set, about);
  const sha256 = hashOf(gates);
  const path = lockFile(suitePath);
  writeFileAtomic(path, `${JSON.stringify({ schema: 1, suite: name, sha256, gates }, null, 2)}\n`, {
    shared: true,
  });
  return { path, sha256 };
}

/** Compares the gates with the lock beside the suite. Throws InputError if the lock is damaged. */
export function compareWithLock(suitePath: string, set: GateSet, about: readonly string[] = []): LockState {
  const path = lockFile(suitePath);
  if (!existsSync(path)) return { state: 'none', changed: [] };
  const locked = parseOr(lockSchema, readJson(path), path);
  const now = linesOf(set, about);
  const changed = [
    ...locked.gates.filter((line) => !now.includes(line)).map((line) => `locked: ${line}`),
    ...now.filter((line) => !locked.gates.includes(line)).map((line) => `now: ${line}`),
  ];
  // A lock whose own hash does not fit was edited by hand: it locks nothing.
  if (hashOf(locked.gates) !== locked.sha256) changed.push('the lock file itself was edited');
  return { state: changed.length === 0 ? 'same' : 'differs', changed };
}

/** What every report says of gates that were changed after they were locked. */
export function lockWarning({ state, changed }: LockState): string | undefined {
  return state === 'differs'
    ? `the gates differ from those that were locked: ${changed.join('; ')}`
    : undefined;
}
