import { FailureError, messageOf } from '../../common/errors.js';
import type { ConnectedEngine } from '../contract/engine.js';
import type { Snapshot } from '../contract/points.js';
import { packageVersion } from '../kit/packages.js';
import { openDatabase } from './client.js';
import { ForeignCollection } from './foreign-collection.js';
import { foreignTables } from './foreign-table.js';

/** One database file of others, with any number of vec0 tables. It is only read. */
export function connectFile(file: string): ConnectedEngine {
  const opened = new Set<ForeignCollection>();
  const snapshots = new Set<Snapshot>();
  const tables = tablesOf(file);
  return {
    version: async () => packageVersion('sqlite-vec') ?? 'unknown',
    create: async ({ name }) => {
      throw new FailureError(`"${name}" cannot be made in a database of others`, {
        where: `sqlite-vec: ${file}`,
        next: 'name a folder: each collection is a database of its own there',
      });
    },
    open: async (name, as = {}) => {
      const collection = new ForeignCollection(file, name, as, snapshots);
      opened.add(collection);
      return collection;
    },
    list: async () => tables,
    close: async () => {
      for (const each of [...snapshots]) await each.close();
      for (const each of opened) each.close();
    },
  };
}

/** Throws FailureError for a file that is no database, or one of a collection that was made here. */
function tablesOf(file: string): string[] {
  try {
    const database = openDatabase(file, { readonly: true });
    try {
      const tables = foreignTables(database);
      const isOurs = database.prepare("select 1 from pragma_table_info('info') where name = 'changes'").get();
      if (isOurs === undefined || !tables.includes('points')) return tables;
    } finally {
      database.close();
    }
  } catch (error) {
    throw new FailureError(`is no SQLite database that can be read: ${messageOf(error)}`, {
      where: `sqlite-vec: ${file}`,
      cause: error,
    });
  }
  throw new FailureError('holds a collection that vecproof has made', {
    where: `sqlite-vec: ${file}`,
    next: 'name its folder, and the collection behind the #',
  });
}
