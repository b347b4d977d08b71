import { messageOf } from '../../common/errors.js';
import type { Describe, Test, TestApi, TestBody } from './api.js';
import { expect } from './expect.js';

export type CheckResult = { path: readonly string[]; title: string; seconds: number } & (
  | { state: 'passed' }
  | { state: 'failed'; error: string }
  | { state: 'skipped'; reason: string | undefined }
);

/** A check as it was declared. */
export interface Declared {
  /** Titles of the groups that it is in. */
  path: readonly string[];
  title: string;
  skipped: boolean;
}

/** What comes next: the check at an index of `declared`, or what comes before or after those from `from` to below `to`. */
export type Step =
  | { kind: 'check'; at: number; long: boolean }
  | { kind: 'before' | 'after'; from: number; to: number };

export interface RunOptions {
  /** Checks before this index are left out, and with them what comes before and after groups of them alone. */
  from?: number | undefined;
  /** Told of each step before anything of it is called. */
  onStep?(step: Step): void | Promise<void>;
  /** Told of each result: that of the check `at`, or undefined for what comes after several. */
  onResult(result: CheckResult, at: number | undefined): void | Promise<void>;
  /** No further check begins once it is raised. */
  signal: AbortSignal;
}

type Define = (api: TestApi) => void;

/** All checks that `define` declares, in the order in which they run. Nothing is called. */
export function declared(define: Define): Declared[] {
  const root = collected(define);
  return checksOf(root).map(({ path, title, skipped }) => ({ path, title, skipped }));
}

/** Runs what `define` declares, one check after the other; a failure ends its check alone. */
export async function runChecks(define: Define, options: RunOptions): Promise<void> {
  await new Run(options).group(collected(define));
}

interface Group {
  items: (Check | Group)[];
  before: (() => Promise<void> | void)[];
  after: (() => Promise<void> | void)[];
  path: readonly string[];
  skipped: boolean;
}

interface Check extends Declared {
  at: number;
  run: TestBody;
  long: boolean;
}

function isGroup(item: Check | Group): item is Group {
  return 'items' in item;
}

function checksOf({ items }: Group): Check[] {
  return items.flatMap((item) => (isGroup(item) ? checksOf(item) : [item]));
}

/** What is declared through an API that only takes notes. */
function collected(define: Define): Group {
  const root: Group = { items: [], before: [], after: [], path: [], skipped: false };
  let current = root;
  let count = 0;
  const group = (title: string, inside: () => void, skipped: boolean) => {
    const parent = current;
    const { path } = parent;
    current = {
      items: [],
      before: [],
      after: [],
      path: [...path, title],
      skipped: parent.skipped || skipped,
    };
    parent.items.push(current);
    inside();
    current = parent;
  };
  const check = (title: string, run: TestBody, timeoutMs: number | undefined, skipped: boolean) => {
    const { path } = current;
    const long = timeoutMs !== undefined;
    current.items.push({ at: count++, path, title, skipped: current.skipped || skipped, run, long });
  };
  const describe = ((title, inside) => group(title, inside, false)) as Describe;
  describe.skipIf = (condition) => (title, inside) => group(title, inside, condition);
  const test = ((title, run, timeoutMs) => check(title, run, timeoutMs, false)) as Test;
  test.skipIf = (condition) => (title, run, timeoutMs) => check(title, run, timeoutMs, condition);
  define({
    describe,
    test,
    expect,
    beforeAll: (run) => void current.before.push(run),
    afterAll: (run) => void current.after.push(run),
  });
  return root;
}

/** Thrown by `context.skip`. */
class Skipped extends Error {}

class Run {
  readonly #options: RunOptions;

  constructor(options: RunOptions) {
    this.#options = options;
  }

  async group(group: Group, brokenAbove?: string): Promise<void> {
    const { from: first = 0, onStep, onResult, signal } = this.#options;
    const checks = checksOf(group).filter(({ at }) => at >= first);
    if (checks.length === 0 || signal.aborted) return;
    const [from, to] = [checks[0]!.at, checks.at(-1)!.at + 1];
    const runs = checks.some(({ skipped }) => !skipped);
    let broken = brokenAbove;
    if (broken === undefined && runs && group.before.length > 0) {
      await onStep?.({ kind: 'before', from, to });
      broken = await failureOf(group.before);
    }
    for (const item of group.items) {
      if (signal.aborted) break;
      if (isGroup(item)) await this.group(item, broken);
      else if (item.at >= first) await this.#check(item, broken);
    }
    if (!runs || group.after.length === 0) return;
    await onStep?.({ kind: 'after', from, to });
    const error = await failureOf(group.after);
    if (error !== undefined)
      await onResult({ path: group.path, title: 'clean-up', seconds: 0, state: 'failed', error }, undefined);
  }

  async #check({ at, path, title, skipped, run, long }: Check, broken: string | undefined): Promise<void> {
    const { onStep, onResult } = this.#options;
    const name = { path, title };
    if (skipped) return onResult({ ...name, seconds: 0, state: 'skipped', reason: undefined }, at);
    if (broken !== undefined) {
      const error = `what comes before all checks failed: ${broken}`;
      return onResult({ ...name, seconds: 0, state: 'failed', error }, at);
    }
    await onStep?.({ kind: 'check', at, long });
    const start = performance.now();
    const end = await outcomeOf(run);
    await onResult({ ...name, seconds: (performance.now() - start) / 1000, ...end }, at);
  }
}

type Outcome =
  | { state: 'passed' }
  | { state: 'failed'; error: string }
  | { state: 'skipped'; reason: string | undefined };

async function outcomeOf(run: TestBody): Promise<Outcome> {
  const skip = (reason?: string) => {
    throw new Skipped(reason);
  };
  try {
    await run({ skip });
    return { state: 'passed' };
  } catch (error) {
    if (error instanceof Skipped) return { state: 'skipped', reason: error.message || undefined };
    return { state: 'failed', error: messageOf(error) };
  }
}

/** Calls all, and tells of the first that failed. */
async function failureOf(hooks: Group['before']): Promise<string | undefined> {
  let failure: string | undefined;
  for (const hook of hooks) {
    try {
      await hook();
    } catch (error) {
      failure ??= messageOf(error);
    }
  }
  return failure;
}
