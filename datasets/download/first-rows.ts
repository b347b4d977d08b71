import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { InputError } from '../../common/errors.js';

/**
 * Makes the beginning of a file of big-ann-benchmarks' kind a file of its own: its header then counts the rows that are
 * there. Does nothing where it does already. Throws InputError if the file has fewer rows.
 */
export function keepFirstRows(path: string, rows: number): void {
  const file = openSync(path, 'r+');
  try {
    const header = Buffer.alloc(4);
    readSync(file, header, 0, 4, 0);
    const found = header.readUInt32LE();
    if (found < rows) {
      throw new InputError(`has ${found} rows, of which the first ${rows} were to be taken`, {
        where: path,
        next: 'it is another file than the catalog says',
      });
    }
    header.writeUInt32LE(rows);
    writeSync(file, header, 0, 4, 0);
  } finally {
    closeSync(file);
  }
}
