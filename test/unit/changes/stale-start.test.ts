import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { requireClient } from '../../../engines/kit/packages.js';
import { removeStaleStart } from '../../../migration/changes/postgres/stale-start.js';

const { PGlite } = requireClient('@electric-sql/pglite') as typeof import('@electric-sql/pglite');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vecproof-stale-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a PGlite that was killed between making its postmaster.pid and writing it', () => {
  test('starts again, with what was in it', async () => {
    const database = await PGlite.create(folder);
    await database.exec('CREATE TABLE kept (a integer); INSERT INTO kept VALUES (7)');
    await database.close();
    writeFileSync(join(folder, 'postmaster.pid'), '');
    await expect(PGlite.create(folder), 'what it is by itself').rejects.toThrow('failed to initialize');
    await removeStaleStart(folder);
    const again = await PGlite.create(folder);
    expect((await again.query('SELECT a FROM kept')).rows).toEqual([{ a: 7 }]);
    await again.close();
  });

  test('one that is being written meanwhile stays, and so does one with a process in it', async () => {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'postmaster.pid');
    writeFileSync(file, '');
    const looked = removeStaleStart(folder);
    writeFileSync(file, '42\n');
    await looked;
    expect(readFileSync(file, 'utf8')).toBe('42\n');
    await removeStaleStart(folder);
    expect(existsSync(file)).toBe(true);
  });
});
