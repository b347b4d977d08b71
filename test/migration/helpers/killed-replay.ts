import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import { packageRoot } from '../../../common/paths.js';
import { keyText, type NewChange } from '../../../migration/changes/change.js';
import type { ChangeLog } from '../../../migration/changes/log.js';
import { point } from '../../unit/changes/log-contract.js';

const ROWS = 12;
const ROUNDS = 4;
const BATCH = 10;

/** Rows that are written again and again, and one in three deleted in the end. */
export function someChanges(): NewChange[] {
  const changes: NewChange[] = [];
  for (let round = 0; round < ROUNDS; round++)
    for (let i = 0; i < ROWS; i++) {
      const key = { collection: 'docs', tenant: `t${i % 2}`, id: `row ${i}` };
      const common = { ...key, idempotencyKey: `${round} ${i}`, at: 0 };
      const isDeleted = round === ROUNDS - 1 && i % 3 === 0;
      changes.push(
        isDeleted
          ? { kind: 'delete', ...common }
          : { kind: 'upsert', point: point(key.id, round * 100 + i), ...common },
      );
    }
  return changes;
}

/**
 * A replay that is killed when the target has a batch and the log does not know it yet; and then another one, to the end.
 * The log was filled with `someChanges`, and whoever holds it open has closed it.
 */
export async function killAndReplay(
  given: { log: object; folder: string },
  withLog: <T>(use: (log: ChangeLog) => Promise<T>) => Promise<T>,
): Promise<void> {
  const file = join(given.folder, 'target.db');
  await replayUntil({ log: given.log, file, batch: BATCH, stopAt: 3 }, 'applied');
  await withLog(async (log) => {
    const acknowledged = (await log.read(null, 2 * BATCH)).at(-1)!.position;
    expect(await log.cursor('target'), 'the batch that was not acknowledged is behind the cursor').toBe(
      acknowledged,
    );
  });
  await replayUntil({ log: given.log, file, batch: BATCH }, 'drained');

  const newest = new Map(someChanges().map((change) => [keyText(change), change]));
  expect(rowsOf(file)).toEqual(
    [...newest]
      .map(([key, change]) => ({
        key,
        value: change.kind === 'delete' ? null : change.point.metadata['value'],
      }))
      .sort((a, b) => (a.key < b.key ? -1 : 1)),
  );
}

function rowsOf(file: string): unknown[] {
  const Database = createRequire(import.meta.url)('better-sqlite3') as typeof import('better-sqlite3');
  const database = new Database(file, { readonly: true });
  const rows = database
    .prepare('SELECT key, CASE deleted WHEN 0 THEN value END AS value FROM rows ORDER BY key')
    .all();
  database.close();
  return rows;
}

async function replayUntil(given: object, word: string): Promise<void> {
  const script = join(packageRoot, 'test/migration/helpers/replay-child.mjs');
  const child = spawn(process.execPath, [script, JSON.stringify(given)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  let said = '';
  for await (const line of createInterface({ input: child.stdout })) {
    said = line;
    if (line === 'applied') child.kill('SIGKILL');
  }
  await ended;
  expect(said).toBe(word);
}
