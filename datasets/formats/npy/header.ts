import { InputError } from '../../../common/errors.js';

export type NpyType = 'f2' | 'f4' | 'f8' | 'i1' | 'u1';

/** What an npy file holds; its rows start at byte `offset`. */
export interface NpyHeader {
  type: NpyType;
  itemBytes: number;
  littleEndian: boolean;
  count: number;
  dimensions: number;
  offset: number;
}

/** Enough for the fixed part of every version. */
export const NPY_PREFIX = 12;

/** Bytes of prefix and header text. Throws InputError if the file is not npy. */
export function npyHeaderBytes(path: string, prefix: Uint8Array): { start: number; end: number } {
  const isNpy = prefix.length === NPY_PREFIX && Buffer.from(prefix).toString('latin1', 0, 6) === '\x93NUMPY';
  if (!isNpy) throw notNpy(path, 'it does not start like an npy file');
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  const version = prefix[6]!;
  if (version === 1) return { start: 10, end: 10 + view.getUint16(8, true) };
  if (version === 2 || version === 3) return { start: 12, end: 12 + view.getUint32(8, true) };
  throw notNpy(path, `npy version ${version} is not known`);
}

/**
 * Parses the header text, a Python literal such as `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }`
 * (numpy's NEP 1). Throws InputError for anything but a two-dimensional C-order array of numbers.
 */
export function parseNpyHeader(path: string, text: string, offset: number): NpyHeader {
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape'\s*:\s*\(([^)]*)\)/.exec(text)?.[1];
  if (descr === undefined || fortran === undefined || shape === undefined) {
    throw notNpy(path, 'its header is not complete');
  }
  const type = /^[<>|=]?(f2|f4|f8|i1|u1)$/.exec(descr)?.[1] as NpyType | undefined;
  if (type === undefined) {
    throw new InputError('holds values that are not read as vectors', {
      where: path,
      got: descr,
      next: 'save it as float32: np.save(path, array.astype(np.float32))',
    });
  }
  const sizes = shape.split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size)]));
  const [count, dimensions] = sizes;
  if (sizes.length !== 2 || !count || !dimensions) {
    throw new InputError('must be a table with one vector per row', {
      where: path,
      got: `(${shape})`,
      next: 'save an array of the shape (points, dimensions)',
    });
  }
  if (fortran === 'True') {
    throw new InputError('is stored column by column (Fortran order), so rows cannot be streamed', {
      where: path,
      next: 'save it again: np.save(path, np.ascontiguousarray(array))',
    });
  }
  const littleEndian = !descr.startsWith('>');
  return { type, itemBytes: Number(type[1]), littleEndian, count, dimensions, offset };
}

function notNpy(path: string, why: string): InputError {
  return new InputError(`is not a readable npy file: ${why}`, {
    where: path,
    next: 'the file is damaged or of another format: write it again with np.save',
  });
}
