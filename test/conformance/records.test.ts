import { describe, expect, test } from 'vitest';
import { answerTests, killTest } from './records/answers.js';
import { metadataTests } from './records/metadata.js';
import { operationTests } from './records/operations.js';
import { pointTests } from './records/points.js';
import { openRecords, recordContenders } from './records/session.js';
import { contenders, mayOverlap } from './session.js';

test.each(contenders)('$name declares what it does with whole points, or that it keeps none', (each) => {
  const { points, metadata } = each.definition.capabilities;
  expect(points === null || metadata !== null).toBe(true);
});

/** Whole records, by every engine that declares them: what migrations stand on. */
for (const contender of recordContenders) {
  const { title, definition, mode, missing, standIn, suffix } = contender;
  // Most of what a server is asked here it answers after a wait of its own; each test has its own collections.
  const concurrent = mode === undefined && mayOverlap(definition, standIn);
  describe.skipIf(missing !== undefined)(`${title}${suffix}`, { concurrent }, () => {
    test('lists its collections', async () => {
      const session = await openRecords(contender);
      expect(await session.list()).toEqual(expect.any(Array));
      await session.close();
    });
    operationTests(contender);
    metadataTests(contender);
    answerTests(contender);
    pointTests(contender);
    killTest(contender);
  });
}
