import { InputError } from '../../../common/errors.js';
import { decodeNumbers } from '../numbers.js';
import { openRandomAccess, type RandomAccess } from '../random-access.js';
import { NPY_PREFIX, notNpy, npyFacts, npyHeaderBytes, numberType } from './header.js';
import { readNpyHeader } from './source.js';

/** A whole table of integers, such as neighbours. Throws InputError. */
export function openNpy2d(path: string): { rows: Int32Array; count: number; k: number } {
  const file = openRandomAccess(path);
  try {
    const header = readNpyHeader(file, path, 0, file.size);
    return { rows: int32Table(file, header), count: header.count, k: header.dimensions };
  } finally {
    file.close();
  }
}

export function int32Table(file: RandomAccess, header: ReturnType<typeof readNpyHeader>): Int32Array {
  const { offset, count, dimensions, itemBytes, type, littleEndian } = header;
  const bytes = file.read(offset, offset + count * dimensions * itemBytes);
  return Int32Array.from(decodeNumbers(bytes, type, littleEndian));
}

/** What the array between `start` and `end` of a file is: its header, without a look at its values. */
export function npyFactsAt(file: RandomAccess, name: string, start: number, end: number) {
  if (end - start < NPY_PREFIX) throw notNpy(name, 'it is too short');
  const head = npyHeaderBytes(name, file.read(start, start + NPY_PREFIX));
  const text = Buffer.from(file.read(start + head.start, start + head.end)).toString('latin1');
  return { ...npyFacts(name, text), offset: start + head.end };
}

/** A one-dimensional array as values for ids: integers (64 bits as bigint) or text. Throws InputError. */
export function npyValues(file: RandomAccess, name: string, start: number, end: number): unknown[] {
  const { descr, shape, offset } = npyFactsAt(file, name, start, end);
  const count = shape[0] ?? 0;
  const [, order, kind, size] = /^([<>|=]?)([US])(\d+)$/.exec(descr) ?? [];
  const type = numberType(descr);
  const itemBytes =
    kind === undefined ? Number(/\d+$/.exec(descr)?.[0] ?? 1) : Number(size) * (kind === 'U' ? 4 : 1);
  if (
    shape.length !== 1 ||
    (kind === undefined && type === undefined) ||
    offset + count * itemBytes !== end
  ) {
    throw new InputError('is no list of ids', {
      where: name,
      got: `${descr} (${shape.join(', ')})`,
      next: 'save ids as one dimension of integers or text',
    });
  }
  const bytes = file.read(offset, end);
  if (kind !== undefined) return texts(name, bytes, count, itemBytes, kind === 'U', order === '>');
  if (type === 'i8' || type === 'u8') {
    const view = new DataView(bytes.buffer);
    const little = !descr.startsWith('>');
    return Array.from({ length: count }, (_, i) =>
      type === 'i8' ? view.getBigInt64(i * 8, little) : view.getBigUint64(i * 8, little),
    );
  }
  return Array.from(decodeNumbers(bytes, type!, !descr.startsWith('>')));
}

/** numpy's fixed-length text, filled up with zeros: UCS-4 or bytes. */
function texts(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  count: number,
  size: number,
  wide: boolean,
  big: boolean,
): string[] {
  const view = new DataView(bytes.buffer);
  return Array.from({ length: count }, (_, i) => {
    let text = '';
    for (let at = i * size; at < (i + 1) * size; at += wide ? 4 : 1) {
      const code = wide ? view.getUint32(at, !big) : bytes[at]!;
      if (code === 0) break;
      if (code > 0x10ffff) {
        throw new InputError(`holds a text with the sign ${code}, which there is not`, {
          where: `${name} row ${i}`,
          next: 'the file is damaged: write or download it again',
        });
      }
      text += String.fromCodePoint(code);
    }
    return text;
  });
}
