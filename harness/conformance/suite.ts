import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { ConformanceFacts, PointFacts, SweepFact } from '../../engines/contract/facts.js';
import { needsLaunch } from '../../engines/contract/server.js';
import type { TestApi } from './api.js';
import { checkBehaviour } from './behaviour.js';
import { checkClients } from './clients.js';
import { checkDeterminism } from './determinism.js';
import { checkExecution } from './execution.js';
import { checkFilters } from './filters/checks.js';
import { checkMatrix } from './matrix.js';
import { checkPoints } from './points/checks.js';
import { checkDurability } from './points/durability.js';
import { checkScores } from './scores.js';
import type { Contender } from './session.js';
import { checkSweeps } from './sweeps.js';

/** Filters that are generated for each engine, and their seed. */
const GENERATED = { runs: 300, seed: 5, concurrent: false } as const;

/**
 * All checks of an engine.
 *
 * @param mode how its server is provided; undefined for embedded engines
 */
export function checkEngine(api: TestApi, contender: Contender, mode?: string): void {
  const { describe } = api;
  const { definition, facts } = contender;
  const ranks = Object.keys(facts.kinds).length > 0;
  describe('behaviour', () => checkBehaviour(api, contender));
  describe('execution', () => checkExecution(api, contender, mode));
  describe.skipIf(!ranks)('clients', () => checkClients(api, contender));
  describe.skipIf(!ranks)('scores', () => checkScores(api, contender));
  describe.skipIf(!ranks)('recall', () => checkMatrix(api, contender));
  describe('parameters', () => checkSweeps(api, contender, { valuesOf: ends }));
  describe('filters', () => checkFilters(api, contender, GENERATED));
  describe('determinism', () => checkDeterminism(api, contender));
  if (definition.capabilities.points === null) return;
  // Starting a database inside the process takes seconds.
  const shared = mode !== undefined && !needsLaunch(mode);
  const keeper = { ...contender, facts: pointFactsOf(definition, facts, mode), shared };
  describe('points', () => checkPoints(api, keeper));
  if (definition.server !== undefined && !shared) describe('durability', () => checkDurability(api, keeper));
}

/** A parameter that is searched with has all its values; an index is built for the first and the last alone. */
export function ends({ part, values }: SweepFact): SweepFact['values'] {
  return part === 'search' ? values : [values[0]!, values.at(-1)!];
}

/** What is said of an engine's points in a mode of its server. */
export function pointFactsOf(
  { title }: EngineDefinition,
  { points }: ConformanceFacts,
  mode?: string,
): PointFacts {
  const own = mode === undefined || needsLaunch(mode) ? 'default' : mode;
  const found = points?.[own];
  if (found === undefined) throw new Error(`${title} keeps points, but facts.points.${own} is missing`);
  return found;
}
