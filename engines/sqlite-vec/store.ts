import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import type { RecordStore } from '../contract/points.js';
import { checkSchema } from '../kit/check.js';
import { openDatabase, type SqliteDatabase } from './client.js';
import { SideTables } from './metadata.js';
import { type Info, LIMITS, SqliteRecords } from './records.js';

const SUFFIX = '.sqlite';

/** One database file for each collection, in the folder itself. */
export function recordStore(folder: string): RecordStore & { close(): void } {
  const opened = new Set<SqliteDatabase>();
  const fileOf = (name: string) => join(folder, `${encodeURIComponent(name)}${SUFFIX}`);
  const open = (name: string) => {
    const database = openDatabase(fileOf(name));
    opened.add(database);
    return database;
  };
  const list = async () =>
    (existsSync(folder) ? readdirSync(folder) : [])
      .filter((file) => file.endsWith(SUFFIX))
      .map((file) => decodeURIComponent(file.slice(0, -SUFFIX.length)));
  return {
    list,
    attach: async (name) => {
      const there = await list();
      if (there.includes(name)) return new SqliteRecords(open(name), name, fileOf(name));
      const next = there.length > 0 ? `attach to one of ${there.join(', ')}` : 'the folder has none';
      throw new FailureError(`there is no collection "${name}"`, { where: 'sqlite-vec', next });
    },
    create: async (name, schema) => {
      checkSchema(LIMITS, schema);
      if ((await list()).includes(name)) {
        throw new FailureError(`there is a collection "${name}" already`, { where: 'sqlite-vec' });
      }
      const { ids, metric, dimensions, fields, index } = schema;
      mkdirSync(folder, { recursive: true });
      const database = open(name);
      database.transaction(() => {
        database.exec(
          `create virtual table points using vec0(n integer primary key, vector float[${dimensions}] distance_metric=${metric})`,
        );
        database.exec(
          'create table ids (n integer primary key, id not null unique); create table info (json)',
        );
        const info: Info = { ids, metric, dimensions, fields };
        database.prepare('insert into info values (?)').run(JSON.stringify(info));
        new SideTables(database, fields).create(index['payloadIndex'] === true);
      })();
      return new SqliteRecords(database, name, fileOf(name));
    },
    close: () => {
      for (const database of opened) database.close();
    },
  };
}
