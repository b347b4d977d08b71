import type Database from 'better-sqlite3';
import { loading, requireClient } from '../kit/packages.js';

export type SqliteDatabase = Database.Database;
export type SqliteStatement = Database.Statement<unknown[]>;

/** A database file with the vector functions loaded. Both packages are optional: one compiles native code. */
export function openDatabase(file: string, { readonly = false } = {}): SqliteDatabase {
  const Sqlite = requireClient('better-sqlite3') as typeof Database;
  const extension = requireClient('sqlite-vec') as { load(database: SqliteDatabase): void };
  // Its native part is loaded by the first database, not by the import.
  loading('better-sqlite3', () => new Sqlite(':memory:').close());
  const database = new Sqlite(file, { readonly, fileMustExist: readonly });
  try {
    loading('sqlite-vec', () => extension.load(database));
    // LIKE as everywhere else: case counts.
    database.pragma('case_sensitive_like = ON');
    if (readonly) return database;
    // Commits survive a crash of the process; only a power cut may lose the last ones.
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Instruction sets that the extension was built for beyond the processor's base, as it says itself. */
export function usedInstructions(): string | undefined {
  const database = openDatabase(':memory:');
  try {
    const about = String(database.prepare('SELECT vec_debug()').pluck().get());
    const [, flags] = /^Build flags:(.*)$/m.exec(about) ?? [];
    return flags === undefined ? undefined : flags.trim() || 'built without AVX and NEON';
  } finally {
    database.close();
  }
}
