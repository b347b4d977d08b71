import type Database from 'better-sqlite3';
import { loading, requireClient } from '../kit/packages.js';

export type SqliteDatabase = Database.Database;

/** A database file with the vector functions loaded. Both packages are optional: one compiles native code. */
export function openDatabase(file: string): SqliteDatabase {
  const Sqlite = requireClient('better-sqlite3') as typeof Database;
  const extension = requireClient('sqlite-vec') as { load(database: SqliteDatabase): void };
  // Its native part is loaded by the first database, not by the import.
  loading('better-sqlite3', () => new Sqlite(':memory:').close());
  const database = new Sqlite(file);
  try {
    loading('sqlite-vec', () => extension.load(database));
    // Commits survive a crash of the process; only a power cut may lose the last ones.
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    // LIKE as everywhere else: case counts.
    database.pragma('case_sensitive_like = ON');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
