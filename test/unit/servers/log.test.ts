import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { ServerLog } from '../../../engines/launcher/log.js';
import { temporaryFolder } from '../../e2e/helpers/workspace.js';

async function taken(log: ServerLog, parts: readonly string[]): Promise<ServerLog> {
  const stream = Readable.from(parts);
  const end = new Promise((resolve) => stream.once('end', resolve));
  log.take(stream);
  await end;
  return log;
}

test('keeps the last lines, and the line that says why it crashed where a dump follows', async () => {
  const dump = Array.from({ length: 500 }, (_, i) => `goroutine ${i}\n`);
  const log = await taken(new ServerLog(undefined), ['started\n', 'panic: no space left\n', ...dump]);
  expect(log.tail(4)).toEqual(['panic: no space left', '…', 'goroutine 498', 'goroutine 499']);
  expect((await taken(new ServerLog(undefined), ['a\n', 'panic: b\n', 'c'])).tail(9)).toEqual([
    'a',
    'panic: b',
    'c',
  ]);
});

test('takes secrets out of lines and file, also where one comes in two parts', async () => {
  const file = join(temporaryFolder(), 'server.log');
  const log = new ServerLog(file, { password: 'hunter2', empty: '' });
  await taken(log, ['connect with hun', 'ter2\nlast hunter2']);
  expect(log.tail(2)).toEqual(['connect with <password>', 'last <password>']);
  log.close();
  expect(readFileSync(file, 'utf8')).toBe('connect with <password>\nlast <password>\n');
});
