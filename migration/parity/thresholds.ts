import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { InputError, messageOf } from '../../common/errors.js';
import { faultText, placeFault } from '../../common/faults.js';
import { readRegular } from '../../common/regular-file.js';
import { compareWithLock, writeLock } from '../../harness/app/gate-lock.js';
import { readTextFile } from '../../harness/app/places.js';
import { type GateSet, parseGates } from '../../harness/gate/gates.js';
import type { Workload } from '../../harness/model/plan.js';
import type { LockState } from '../../harness/model/verdict.js';
import { workloadText } from '../../harness/model/workload.js';
import { EXECUTORS } from '../../harness/run/executors/registry.js';
import { planWorkloads, type WorkloadEntry } from '../../harness/suite/workloads.js';

/** Names of the two comparisons: exhaustive with exhaustive search, and as the application searches. */
export const EXACT = 'exact';
export const ANN = 'ann';

const schema = z.strictObject({
  version: z.literal(1),
  k: z.int().min(1).max(1000).default(10),
  repeat: z.int().min(1).max(100).default(1),
  workload: z
    .union([z.string(), z.looseObject({ type: z.string() })])
    .default('serial')
    .describe('how queries are sent, as in a suite'),
  queries: z.string().optional().describe('query file beside this one, which is locked with the thresholds'),
  gates: z.record(z.string(), z.unknown()),
});

/** What two places are judged by, agreed on before they are compared. */
export interface Thresholds {
  k: number;
  repeat: number;
  workload: Workload;
  /** Absolute. */
  queries: string | undefined;
  /** As written. */
  gates: Readonly<Record<string, unknown>>;
  set: GateSet;
  lock: LockState;
}

/** Whether a file is one of thresholds, and no suite. */
export function isThresholds(text: string): boolean {
  try {
    const given: unknown = parse(text);
    return given !== null && typeof given === 'object' && 'gates' in given && !('engines' in given);
  } catch {
    return false;
  }
}

/** Those that hold where nobody has written any down: the preset `migration`. */
export function defaultThresholds(k: number | undefined, repeat: number | undefined): Thresholds {
  const depth = k ?? 10;
  const gates = { preset: 'migration' };
  const { set } = gatesOf(gates, depth);
  const workload = { type: 'serial', options: {} };
  const lock = { state: 'none' as const, changed: [] };
  return { k: depth, repeat: repeat ?? 1, workload, queries: undefined, gates, set, lock };
}

/** @throws InputError with every fault of the file */
export function readThresholds(path: string, shown: string): Thresholds {
  const parsed = read(path, shown);
  return { ...parsed, lock: compareWithLock(path, parsed.set, aboutOf(parsed)) };
}

/** Fixes thresholds, workload, k and queries: a comparison says when one of them is another. */
export function lockThresholds(path: string, shown: string): { path: string; sha256: string; gates: number } {
  const parsed = read(path, shown);
  return { ...writeLock(path, shown, parsed.set, aboutOf(parsed)), gates: parsed.set.gates.length };
}

function read(path: string, shown: string): Omit<Thresholds, 'lock'> {
  const text = readTextFile(path, 'the thresholds');
  let given: unknown;
  try {
    given = parse(text);
  } catch (error) {
    throw new InputError(`is no YAML: ${messageOf(error)}`, { where: shown, cause: error });
  }
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const words = parsed.error.issues.map((issue) => `${shown} ${issue.path.join('.')}: ${issue.message}`);
    throw new InputError(words.join('\n'), {
      next: 'see "Parity of two places" in docs/migration.md',
      cause: parsed.error,
    });
  }
  const { k, repeat, gates } = parsed.data;
  const { set, faults } = gatesOf(gates, k);
  const { workloads, faults: wrong } = planWorkloads([parsed.data.workload as WorkloadEntry], EXECUTORS);
  const all = [...faults, ...wrong].map((fault) => faultText(placeFault(shown, fault)));
  if (all.length > 0) throw new InputError(all.join('\n'), { next: 'correct them, and lock the file again' });
  const queries = parsed.data.queries === undefined ? undefined : resolve(dirname(path), parsed.data.queries);
  return { k, repeat, workload: workloads[0]!, queries, gates, set };
}

function gatesOf(gates: unknown, k: number) {
  return parseGates(
    gates,
    [k],
    [EXACT, ANN].map((name) => ({ name, k })),
    true,
  );
}

/** What is fixed beside the gates, a line each. */
function aboutOf({ k, repeat, workload, queries }: Omit<Thresholds, 'lock'>): string[] {
  return [
    `k: ${k}`,
    `repeat: ${repeat}`,
    `workload: ${workloadText(workload)}`,
    ...(queries === undefined ? [] : [`queries: ${existsSync(queries) ? fileHash(queries) : 'not there'}`]),
  ];
}

export function fileHash(path: string): string {
  return createHash('sha256').update(readRegular(path, Number.POSITIVE_INFINITY)).digest('hex');
}
