import { InputError } from '../../../common/errors.js';
import { bytesOf, NUMBER_TYPES, type NumberType } from '../numbers.js';

/** What an npy file holds; its values start at byte `offset`. */
export interface NpyHeader {
  type: NumberType;
  itemBytes: number;
  littleEndian: boolean;
  count: number;
  dimensions: number;
  /** Stored column by column. */
  fortran: boolean;
  offset: number;
}

/** Enough for the fixed part of every version. */
export const NPY_PREFIX = 12;
/** numpy's own headers are below 64 KiB; structured types may need more. */
const LONGEST = 1 << 20;

/** Bytes of prefix and header text. Throws InputError if the file is not npy. */
export function npyHeaderBytes(path: string, prefix: Uint8Array): { start: number; end: number } {
  const isNpy = prefix.length === NPY_PREFIX && Buffer.from(prefix).toString('latin1', 0, 6) === '\x93NUMPY';
  if (!isNpy) throw notNpy(path, 'it does not start like an npy file');
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  const version = prefix[6]!;
  if (version === 1) return { start: 10, end: 10 + view.getUint16(8, true) };
  if (version !== 2 && version !== 3) throw notNpy(path, `npy version ${version} is not known`);
  const length = view.getUint32(8, true);
  if (length > LONGEST) throw notNpy(path, `its header claims ${length} bytes`);
  return { start: 12, end: 12 + length };
}

/** The header text's own parts: a Python literal such as `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }`. */
export function npyFacts(path: string, text: string): { descr: string; fortran: boolean; shape: number[] } {
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape'\s*:\s*\(([^)]*)\)/.exec(text)?.[1];
  const descr = /'descr'\s*:\s*(?:'([^']*)'|(\[.*\]))/s.exec(text);
  if (descr === null || fortran === undefined || shape === undefined) {
    throw notNpy(path, 'its header is not complete');
  }
  if (descr[2] !== undefined) throw structured(path, descr[2]);
  const sizes = shape.split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size.trim())]));
  if (sizes.some((size) => !Number.isSafeInteger(size) || size < 0)) {
    throw notNpy(path, `its shape is (${shape})`);
  }
  return { descr: descr[1]!, fortran: fortran === 'True', shape: sizes };
}

/**
 * Parses the header text (numpy's NEP 1). Throws InputError for anything but a two-dimensional array of numbers, with
 * what it is and the line of numpy that helps.
 */
export function parseNpyHeader(path: string, text: string, offset: number): NpyHeader {
  const { descr, fortran, shape } = npyFacts(path, text);
  const type = numberType(descr);
  if (type === undefined) throw wrongType(path, descr);
  const [count, dimensions] = shape;
  if (shape.length !== 2 || !count || !dimensions) {
    throw new InputError('must be a table with one vector per row', {
      where: path,
      got: `(${shape.join(', ')})`,
      next: 'save an array of the shape (points, dimensions)',
    });
  }
  const littleEndian = !descr.startsWith('>');
  return { type, itemBytes: bytesOf(type), littleEndian, count, dimensions, fortran, offset };
}

/** The number type that a `descr` such as `<f4` names, if it is one. */
export function numberType(descr: string): NumberType | undefined {
  const name = descr.replace(/^[<>|=]/, '');
  if (name === '?') return 'b1';
  return NUMBER_TYPES.find((type) => type === name);
}

function wrongType(path: string, descr: string): InputError {
  const where = path;
  if (/^\|?O/.test(descr)) {
    return new InputError('holds Python objects (pickled), which only Python can read', {
      where,
      got: descr,
      next: 'if every object is a vector of the same length: np.save(path, np.stack(np.load(path, allow_pickle=True)))',
    });
  }
  const what = /c\d+$/.test(descr) ? 'complex numbers' : /[SU]\d+$/.test(descr) ? 'text' : 'other values';
  return new InputError(`holds ${what}, which are not read as vectors`, {
    where,
    got: descr,
    next: 'save numbers: np.save(path, array.astype(np.float32))',
  });
}

/** `[('id', '<i8'), ('v', '<f4', (8,))]`: the field with a shape is most likely the vector. */
function structured(path: string, descr: string): InputError {
  const fields = [...descr.matchAll(/\('([^']*)',\s*(?:'[^']*'|\[[^\]]*\])(,\s*\(\d+,?\))?/g)];
  const name = fields.find((field) => field[2] !== undefined)?.[1];
  return new InputError('is a structured array, whose rows are records', {
    where: path,
    got: fields.map((field) => field[1]),
    next: `save the field with the vectors: np.save(path, array['${name ?? 'vector'}'])`,
  });
}

export function notNpy(path: string, why: string): InputError {
  return new InputError(`is not a readable npy file: ${why}`, {
    where: path,
    next: 'the file is damaged or of another format: write it again with np.save',
  });
}
