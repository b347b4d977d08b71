import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { FailureError, InputError, messageOf } from '../../common/errors.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { ConformanceFacts } from '../../engines/contract/facts.js';
import { isEngineModule, loadEngineModule, moduleAvailability } from '../../engines/open.js';
import { loadEngine } from '../../engines/registry.js';
import type { TestApi } from '../conformance/api.js';
import { cacheDataIn } from '../conformance/data.js';
import { type CheckResult, runChecks } from '../conformance/runner.js';
import { checkEngine } from '../conformance/suite.js';
import type { Context } from './context.js';

/** What the suite found of an engine. */
export interface Conformance {
  definition: EngineDefinition;
  /** In the order in which they ran. */
  checks: CheckResult[];
}

/**
 * Holds the engine of a module to the suite that those which come with vecproof are held to. Its code runs in this
 * process: an engine that crashes ends it.
 *
 * @param target path of the module, relative to `context.cwd`
 * @param onResult told of each check as it ends
 * @throws InputError if the module cannot be used, FailureError if a package that it needs is missing
 */
export async function conformance(
  target: string,
  context: Pick<Context, 'cwd' | 'cache' | 'signal'>,
  onResult: (result: CheckResult) => void = () => {},
): Promise<Conformance> {
  if (!isEngineModule(target)) {
    const { title } = await loadEngine(target);
    throw new InputError(`${title} comes with vecproof, whose own tests hold it to this suite`, {
      where: target,
      next: 'give the path of a module that defines an engine, e.g. ./my-engine.js',
    });
  }
  const path = resolve(context.cwd, target);
  const { engine, facts } = await loadEngineModule(path);
  const missing = whyNoFacts(facts) ?? (engine.server && 'engines with a server cannot be checked yet');
  if (missing !== undefined) {
    const next = 'see "What else to declare" in docs/engine-guide.md';
    throw new InputError(missing, { where: target, next });
  }
  const found = await moduleAvailability(path);
  if (found.state === 'missing') throw new FailureError(found.reason, { where: target, next: found.next });
  cacheDataIn(context.cache);
  const folder = await mkdtemp(join(tmpdir(), 'vecproof-conformance-'));
  const contender = { definition: engine, facts: facts!, folder };
  const define = (api: TestApi) => {
    try {
      checkEngine(api, contender);
    } catch (error) {
      throw new InputError(`its facts cannot be used: ${messageOf(error)}`, { where: target, cause: error });
    }
  };
  try {
    const checks = await runChecks(define, onResult, context.signal);
    context.signal.throwIfAborted();
    return { definition: engine, checks };
  } finally {
    // A check that failed leaves its collection open.
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function whyNoFacts(facts: ConformanceFacts | undefined): string | undefined {
  if (typeof facts !== 'object')
    return 'exports no "facts", which say what the suite is to expect of the engine';
  const lacking = (['kinds', 'floor', 'wide', 'nanQuery', 'zeroQuery', 'tellsSize', 'sweeps'] as const).find(
    (name) => facts[name] === undefined,
  );
  if (lacking !== undefined) return `facts.${lacking} is missing`;
  return Array.isArray(facts.sweeps) ? undefined : 'facts.sweeps must be a list';
}
