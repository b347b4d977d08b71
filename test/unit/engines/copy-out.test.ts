import { expect, test } from 'vitest';
import { CopyOut } from '../../../engines/pgvector/copy-out.js';

test('rows of COPY are kept, although the client uses the memory of its messages again', async () => {
  const copy = new CopyOut('COPY t TO STDOUT (FORMAT binary)');
  const memory = Buffer.alloc(4);
  for (const part of ['abcd', 'efgh']) {
    memory.write(part);
    copy.handleCopyData({ chunk: memory });
  }
  copy.handleReadyForQuery();
  expect((await copy.done).toString()).toBe('abcdefgh');
});

test('an error of the server ends it', async () => {
  const copy = new CopyOut('COPY t TO STDOUT (FORMAT binary)');
  copy.handleCopyData({ chunk: Buffer.from('a') });
  copy.handleError(new Error('canceling statement'));
  copy.handleReadyForQuery();
  await expect(copy.done).rejects.toThrow('canceling statement');
});
