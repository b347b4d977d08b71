import { describe, expect, test } from 'vitest';
import type { Operation } from '../../engines/contract/engine.js';
import { answerTests } from './records/answers.js';
import { metadataTests } from './records/metadata.js';
import { operationTests } from './records/operations.js';
import { openRecords, recordContenders } from './records/session.js';
import { contenders } from './session.js';

const OPERATIONS: readonly Operation[] = [
  'count',
  'get',
  'scan',
  'upsert',
  'delete',
  'update',
  'describe',
  'attach',
  'list',
];

test.each(contenders)('$name declares all operations on records, or none', (each) => {
  const { operations, metadata } = each.definition.capabilities;
  if (operations.includes('upsert')) {
    expect([...operations].sort()).toEqual([...OPERATIONS].sort());
    expect(metadata).not.toBeNull();
  } else {
    expect(operations).toEqual(['count']);
  }
});

/** Whole records, by every engine that declares them: what migrations stand on. */
for (const contender of recordContenders) {
  const { title, missing, suffix } = contender;
  describe.skipIf(missing !== undefined)(`${title}${suffix}`, () => {
    test('has a store of records', async () => {
      const session = await openRecords(contender);
      expect(await session.store.list()).toEqual(expect.any(Array));
      await session.close();
    });
    operationTests(contender);
    metadataTests(contender);
    answerTests(contender);
  });
}
