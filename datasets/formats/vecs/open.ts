import { InputError } from '../../../common/errors.js';
import { checkShape, type FlatRows } from '../flat-source.js';
import { bytesOf, type NumberType } from '../numbers.js';
import { openRandomAccess } from '../random-access.js';

const TYPES: Readonly<Record<string, NumberType>> = { '.fvecs': 'f4', '.bvecs': 'u1', '.ivecs': 'i4' };

/** The number type that the ending of a name says. */
export function vecsType(path: string): NumberType {
  return TYPES[path.slice(path.lastIndexOf('.')).toLowerCase()] ?? 'f4';
}

/**
 * A file of TEXMEX' kind: each row is its number of dimensions (int32) and as many float32 (`.fvecs`), bytes (`.bvecs`) or
 * int32 (`.ivecs`). Throws InputError naming it.
 */
export function openVecs(path: string): FlatRows {
  const file = openRandomAccess(path);
  try {
    const type = vecsType(path);
    const head = file.size < 4 ? undefined : file.read(0, 4);
    const dimensions = head === undefined ? 0 : new DataView(head.buffer).getInt32(0, true);
    checkShape(path, file.size < 4 ? 0 : 1, dimensions);
    const rowBytes = 4 + dimensions * bytesOf(type);
    if (file.size % rowBytes !== 0) {
      throw new InputError(
        `has ${file.size} bytes, which are no whole number of rows of ${rowBytes} (${dimensions} dimensions)`,
        { where: path, next: 'the file is damaged or incomplete: write or download it again' },
      );
    }
    return { file, format: 'vecs', type, count: file.size / rowBytes, dimensions, offset: 0, rowHeader: 4 };
  } catch (error) {
    file.close();
    throw error;
  }
}
