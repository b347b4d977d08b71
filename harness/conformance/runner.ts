import { messageOf } from '../../common/errors.js';
import type { Describe, Test, TestApi, TestBody } from './api.js';
import { expect } from './expect.js';

export type CheckResult = { path: readonly string[]; title: string; seconds: number } & (
  | { state: 'passed' }
  | { state: 'failed'; error: string }
  | { state: 'skipped'; reason: string | undefined }
);

interface Group {
  title: string;
  skipped: boolean;
  items: (Check | Group)[];
  before: (() => Promise<void> | void)[];
  after: (() => Promise<void> | void)[];
}

interface Check {
  title: string;
  skipped: boolean;
  run: TestBody;
  timeoutMs: number;
}

const TIMEOUT_MS = 120_000;

/**
 * Runs what `define` declares, one check after the other; a failure ends its check alone.
 *
 * @param onResult told of each check as it ends
 * @param signal no further check begins once it is raised
 */
export async function runChecks(
  define: (api: TestApi) => void | Promise<void>,
  onResult: (result: CheckResult) => void,
  signal: AbortSignal,
): Promise<CheckResult[]> {
  const root: Group = { title: '', skipped: false, items: [], before: [], after: [] };
  await define(collector(root));
  const results: CheckResult[] = [];
  const tell = (result: CheckResult) => {
    results.push(result);
    onResult(result);
  };
  await runGroup(root, [], false, tell, signal);
  return results;
}

/** An API that collects groups and checks below `root`. */
function collector(root: Group): TestApi {
  let current = root;
  const group = (title: string, define: () => void, skipped: boolean) => {
    const parent = current;
    current = { title, skipped, items: [], before: [], after: [] };
    parent.items.push(current);
    define();
    current = parent;
  };
  const check = (title: string, run: TestBody, timeoutMs: number | undefined, skipped: boolean) => {
    current.items.push({ title, skipped, run, timeoutMs: timeoutMs ?? TIMEOUT_MS });
  };
  const describe = ((title, define) => group(title, define, false)) as Describe;
  describe.skipIf = (condition) => (title, define) => group(title, define, condition);
  const test = ((title, run, timeoutMs) => check(title, run, timeoutMs, false)) as Test;
  test.skipIf = (condition) => (title, run, timeoutMs) => check(title, run, timeoutMs, condition);
  return {
    describe,
    test,
    expect,
    beforeAll: (run) => void current.before.push(run),
    afterAll: (run) => void current.after.push(run),
  };
}

type Tell = (result: CheckResult) => void;

async function runGroup(
  group: Group,
  path: readonly string[],
  skipped: boolean,
  tell: Tell,
  signal: AbortSignal,
): Promise<void> {
  const skip = skipped || group.skipped;
  let broken: string | undefined;
  try {
    if (!skip) for (const run of group.before) await run();
  } catch (error) {
    broken = `what comes before all checks failed: ${messageOf(error)}`;
  }
  for (const item of group.items) {
    if (signal.aborted) break;
    if ('items' in item) await runGroup(item, [...path, item.title], skip, tell, signal);
    else tell(await runCheck(item, path, skip, broken));
  }
  if (skip) return;
  for (const run of group.after) {
    try {
      await run();
    } catch (error) {
      tell({ path, title: 'clean-up', seconds: 0, state: 'failed', error: messageOf(error) });
    }
  }
}

/** Thrown by `context.skip`. */
class Skipped extends Error {}

async function runCheck(
  { title, skipped, run, timeoutMs }: Check,
  path: readonly string[],
  skip: boolean,
  broken: string | undefined,
): Promise<CheckResult> {
  if (skip || skipped) return { path, title, seconds: 0, state: 'skipped', reason: undefined };
  if (broken !== undefined) return { path, title, seconds: 0, state: 'failed', error: broken };
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  const skipNow = (reason?: string) => {
    throw new Skipped(reason);
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`has not ended within ${timeoutMs / 1000} s`)), timeoutMs);
  });
  try {
    await Promise.race([run({ skip: skipNow }), late]);
    return { path, title, seconds: seconds(), state: 'passed' };
  } catch (error) {
    if (error instanceof Skipped)
      return { path, title, seconds: seconds(), state: 'skipped', reason: error.message };
    return { path, title, seconds: seconds(), state: 'failed', error: messageOf(error) };
  } finally {
    clearTimeout(timer);
  }
}
