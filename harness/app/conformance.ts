import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { FailureError, InputError, messageOf } from '../../common/errors.js';
import { engineAvailability } from '../../engines/availability.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import { ownLabels } from '../../engines/launcher/labels.js';
import {
  type EngineReference,
  isEngineModule,
  moduleAvailability,
  tryEngineModule,
} from '../../engines/open.js';
import { loadContender } from '../conformance/contender.js';
import { type CheckResult, type Declared, declared } from '../conformance/runner.js';
import { ChecksServer } from '../conformance/server.js';
import type { Contender } from '../conformance/session.js';
import { checkEngine } from '../conformance/suite.js';
import { superviseChecks } from '../conformance/supervise.js';
import type { ServerChoice } from '../model/plan.js';
import { serverChoice } from '../suite/server-choice.js';
import { type Context, notice, warn } from './context.js';

/** What the suite found of an engine. */
export interface Conformance {
  definition: EngineDefinition;
  /** In the order in which they ran. */
  checks: CheckResult[];
}

export interface ConformanceOptions {
  /** How the engine's server is provided; the engine's first mode if absent, `url` with an address. */
  launch?: string | undefined;
  /** Address of a running server. */
  url?: string | undefined;
  image?: string | undefined;
  /** Seconds that a check may take. */
  deadline?: number | undefined;
  /** Told of each check as it ends. */
  onResult?: ((result: CheckResult) => void) | undefined;
}

/** A check, and one that builds several indexes for its values. */
const DEADLINES = { check: 120, sweep: 400 };
const THREADS = 2;

/**
 * Holds an engine, one of ours or that of a module, to the suite. The checks run in a process of their own: a crash, or
 * a call that never ends, is a failed check.
 *
 * @param target name of an engine, or path of a module relative to `context.cwd`
 * @throws InputError if the target cannot be used, FailureError if a package, Docker or the server is missing
 */
export async function conformance(
  target: string,
  options: ConformanceOptions,
  context: Context,
): Promise<Conformance> {
  const { signal } = context;
  const reference = referenceOf(target, context);
  if (reference.module !== undefined) await tryEngineModule(reference.module);
  const contender = await loadContender(reference);
  const { definition } = contender;
  const choice = choiceOf(definition, options);
  const planned = plannedChecks(contender, choice?.mode, target);
  await requireAvailable(reference, target);
  const results: CheckResult[] = [];
  const server = await startServer(definition, choice, context);
  const folder = await mkdtemp(join(tmpdir(), 'vecproof-conformance-'));
  try {
    const { deadline } = options;
    await superviseChecks({
      checks: planned,
      job: { reference, mode: choice?.mode, cacheFolder: context.cache },
      server,
      folder,
      deadlineSeconds: deadline === undefined ? DEADLINES : { check: deadline, sweep: deadline },
      signal,
      onResult: (result) => {
        results.push(result);
        options.onResult?.(result);
      },
    });
    signal.throwIfAborted();
    return { definition, checks: results };
  } finally {
    const left = results.length > 0 ? await server?.clean() : undefined;
    if (left !== undefined) warn(context, left);
    await server?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function referenceOf(target: string, { cwd }: Context): EngineReference {
  if (!isEngineModule(target)) return { engine: target };
  const module = resolve(cwd, target);
  return { engine: basename(module), module };
}

function choiceOf(definition: EngineDefinition, options: ConformanceOptions): ServerChoice | undefined {
  const { launch, url, image } = options;
  const given = { ...(launch && { launch }), ...(url && { url }), ...(image && { image }) };
  const { choice, faults } = serverChoice(
    [],
    { use: definition.name, index: {}, search: {}, ...given },
    definition,
  );
  const [fault] = faults;
  if (fault === undefined) return choice;
  const { path, what, ...more } = fault;
  throw new InputError(what, { where: `--${path.join('.')}`, ...more });
}

/** The checks as their process will declare them. */
function plannedChecks(
  contender: Pick<Contender, 'definition' | 'facts'>,
  mode: string | undefined,
  target: string,
): Declared[] {
  try {
    return declared((api) => checkEngine(api, contender, mode));
  } catch (error) {
    throw new InputError(`its facts cannot be used: ${messageOf(error)}`, { where: target, cause: error });
  }
}

async function requireAvailable({ engine, module }: EngineReference, target: string): Promise<void> {
  const found = module === undefined ? await engineAvailability(engine) : await moduleAvailability(module);
  if (found.state === 'missing') throw new FailureError(found.reason, { where: target, next: found.next });
}

async function startServer(
  definition: EngineDefinition,
  choice: ServerChoice | undefined,
  context: Context,
): Promise<ChecksServer | undefined> {
  if (choice === undefined) return undefined;
  return ChecksServer.start(definition, {
    ...choice,
    labels: ownLabels('conformance'),
    env: context.env,
    threads: THREADS,
    signal: context.signal,
    onNotice: (message) => notice(context, message),
  });
}
