import type { TestApi } from './api.js';
import { checkBehaviour } from './behaviour.js';
import { checkExecution } from './execution.js';
import { checkMatrix } from './matrix.js';
import { checkScores } from './scores.js';
import type { Contender } from './session.js';
import { checkSweeps } from './sweeps.js';

/** All checks that need nothing beside the engine and its facts. */
export function checkEngine(api: TestApi, contender: Contender): void {
  const { describe } = api;
  const ranks = Object.keys(contender.facts.kinds).length > 0;
  describe('behaviour', () => checkBehaviour(api, contender));
  describe('execution', () => checkExecution(api, contender));
  describe.skipIf(!ranks)('scores', () => checkScores(api, contender));
  describe.skipIf(!ranks)('recall', () => checkMatrix(api, contender));
  describe('parameters', () => checkSweeps(api, contender));
}
