import type { TestApi } from '../api.js';
import { checkAnswers } from './answers.js';
import { checkBuilding } from './building.js';
import { checkFieldEdges } from './edges.js';
import { checkMetadata } from './metadata.js';
import { checkOperations } from './operations.js';
import { checkParts } from './parts.js';
import { checkSearches } from './searches.js';
import { closeShared, openPoints, type PointContender } from './session.js';
import { checkRanges, checkSnapshots } from './snapshots.js';
import { checkVectors } from './vectors.js';
import { checkWrittenColumns } from './written-columns.js';

/** Whole points, by an engine that keeps them: what migrations stand on. */
export function checkPoints(api: TestApi, contender: PointContender): void {
  const { test, expect, afterAll } = api;
  afterAll(() => closeShared(contender));
  test('lists its collections', async () => {
    const session = await openPoints(contender);
    expect(Array.isArray(await session.list())).toBe(true);
    await session.close();
  });
  checkOperations(api, contender);
  checkMetadata(api, contender);
  checkFieldEdges(api, contender);
  checkAnswers(api, contender);
  checkVectors(api, contender);
  checkSearches(api, contender);
  checkParts(api, contender);
  checkSnapshots(api, contender);
  checkRanges(api, contender);
  checkWrittenColumns(api, contender);
  checkBuilding(api, contender);
}
