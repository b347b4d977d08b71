import { InputError } from '../../../common/errors.js';
import { checkShape, type FlatRows } from '../flat-source.js';
import { bytesOf, type NumberType } from '../numbers.js';
import { openRandomAccess } from '../random-access.js';

const TYPES: Readonly<Record<string, NumberType>> = {
  '.fbin': 'f4',
  '.f16bin': 'f2',
  '.u8bin': 'u1',
  '.i8bin': 'i1',
  '.ibin': 'i4',
};

/** The number type that the ending of a name says. */
export function binType(path: string): NumberType {
  return TYPES[path.slice(path.lastIndexOf('.')).toLowerCase()] ?? 'i4';
}

/**
 * A file of big-ann-benchmarks' kind: the number of rows and of dimensions (uint32 each), then all numbers. Throws
 * InputError naming it.
 *
 * @param tail whether more may follow, as the distances do in files of neighbours
 */
export function openBin(path: string, tail = false): FlatRows {
  const file = openRandomAccess(path);
  try {
    const type = binType(path);
    const head = file.size < 8 ? undefined : new DataView(file.read(0, 8).buffer);
    const count = head?.getUint32(0, true) ?? 0;
    const dimensions = head?.getUint32(4, true) ?? 0;
    checkShape(path, count, dimensions);
    const needed = 8 + count * dimensions * bytesOf(type);
    if (tail ? file.size < needed : file.size !== needed) {
      throw new InputError(`has ${file.size} bytes, ${count} x ${dimensions} values need ${needed}`, {
        where: path,
        next: 'the file is damaged or incomplete, or its header is that of a larger file: write or download it again',
      });
    }
    return { file, format: 'bin', type, count, dimensions, offset: 8, rowHeader: 0 };
  } catch (error) {
    file.close();
    throw error;
  }
}
