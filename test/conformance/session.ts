import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineAvailabilities } from '../../engines/availability.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { ConformanceFacts } from '../../engines/contract/facts.js';
import { engineNames, loadEngine, loadFacts } from '../../engines/registry.js';
import type { TestApi } from '../../harness/conformance/api.js';
import type { Slice } from '../../harness/conformance/data.js';
import {
  build as buildReached,
  type Contender as Held,
  open as openReached,
  type Reached,
  type Session,
  type SessionOptions,
} from '../../harness/conformance/session.js';
import { findServer, type ServerFound, serverOptions } from './servers.js';

/** The suite runs in Vitest. */
export const api: TestApi = { describe, test, expect, beforeAll, afterAll };

export interface Contender {
  name: string;
  definition: EngineDefinition;
  facts: ConformanceFacts;
  /** Why it cannot be tested here; undefined: it can. */
  missing: string | undefined;
  /** What answers in place of its server; undefined: the server does, or there is none. */
  standIn: string | undefined;
  /** What titles say beside the name: either of these in brackets, else nothing. */
  suffix: string;
}

/** Every engine of the registry; one whose package or server is missing is skipped with the reason in the test's title. */
export const contenders: readonly Contender[] = await Promise.all(
  [...(await engineAvailabilities(engineNames()))].map(async ([name, availability]) => {
    const [definition, facts] = await Promise.all([loadEngine(name), loadFacts(name)]);
    const found = availability.state === 'available' ? await findServer(definition) : undefined;
    const missing = availability.state === 'available' ? whyMissing(found) : availability.reason;
    const standIn = found?.state === 'stand-in' ? found.standIn.what : undefined;
    const said = missing ?? standIn;
    return { name, definition, facts, missing, standIn, suffix: said === undefined ? '' : ` (${said})` };
  }),
);

/**
 * Whether tests of an engine may overlap: on a server most of the time is waiting for it. Chroma is restarted for some
 * settings, under everybody else's feet; a stand-in, as what runs in this process, competes with itself.
 */
export function mayOverlap({ name, server }: EngineDefinition, standIn: unknown): boolean {
  return server !== undefined && standIn === undefined && name !== 'chroma';
}

function whyMissing(found: ServerFound | undefined): string | undefined {
  return found?.state === 'missing' ? found.why : undefined;
}

export {
  type Answer,
  answerOf,
  batches,
  never,
  parsed,
  rowsOf,
  type Session,
  type SessionOptions,
  turnsDuring,
} from '../../harness/conformance/session.js';

/** One of ours as the suite takes it. */
export function contenderOf({ definition, facts }: Contender): Held {
  return { ...reached(definition), facts };
}

/** One of ours, on its server where it has one. */
export function reached(definition: EngineDefinition): Reached {
  return { definition, reach: () => serverOptions(definition) };
}

/** As the suite's `build`, of one of ours. */
export function build(definition: EngineDefinition, data: Slice, options?: SessionOptions): Promise<Session> {
  return buildReached(reached(definition), data, options);
}

/** As the suite's `open`, of one of ours. */
export function open(
  definition: EngineDefinition,
  data: Parameters<typeof openReached>[1],
  options?: SessionOptions,
): ReturnType<typeof openReached> {
  return openReached(reached(definition), data, options);
}
