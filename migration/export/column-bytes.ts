import { isUtf8 } from 'node:buffer';
import { FailureError, shorten } from '../../common/errors.js';
import {
  HELD,
  type IdValues,
  type PointColumns,
  type ScalarColumn,
  type TextColumn,
  type Texts,
  type ValueColumn,
  type VectorValues,
} from '../../engines/contract/columns.js';
import { elementsOf, type VectorField } from '../../engines/contract/vectors.js';
import { idIn, isValue, vectorAt } from '../../engines/kit/columns.js';
import { BrokenText, Bytes } from './bytes.js';
import {
  idType,
  LETTERS,
  type PointShape,
  sorted,
  writeDetails,
  writeId,
  writeValue,
  writeVector,
} from './canonical.js';
import { quietNaNs } from './quiet-nan.js';

/** Appends what a row has. */
type Write = (row: number) => void;

/** A key and its value; `has`: undefined where every row has the key. */
interface Member {
  key: Buffer;
  write: Write;
  has?: ((row: number) => boolean) | undefined;
}

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * The canonical bytes of the rows of columns: the same as `canonicalBytes` of each point, without the points.
 * docs/export-format.md, "Hashes".
 */
export class CanonicalRows {
  readonly #bytes = new Bytes();
  readonly #columns: PointColumns;
  readonly #id: Write;
  readonly #vectors: readonly Member[];
  readonly #fields: readonly Member[];
  readonly #parts: readonly Write[];

  /** @throws FailureError for texts that are not UTF-8 */
  constructor(shape: PointShape, columns: PointColumns) {
    this.#columns = columns;
    this.#id = idWriter(this.#bytes, shape, columns.ids);
    const named = shape.vectors.flatMap((field) => {
      const column = columns.vectors[field.name];
      return column === undefined ? [] : [[field.name, vectorMember(this.#bytes, field, column)] as const];
    });
    this.#vectors = inOrder(named);
    const { timestamps } = shape;
    this.#fields = inOrder(
      Object.entries(columns.fields).map(
        ([name, column]) => [name, valueMember(this.#bytes, column, name, timestamps)] as const,
      ),
    );
    this.#parts = (['text', 'uri', 'tenant'] as const).map((part) =>
      partWriter(this.#bytes, columns[part], part),
    );
  }

  /** All bytes of a row, in memory that the next call uses again. */
  row(row: number): Buffer {
    return this.#told(row, () => {
      const bytes = this.#bytes;
      bytes.clear();
      this.#id(row);
      this.#writeVectors(row);
      this.#writeFields(row);
      this.#writeParts(row);
      return bytes.view();
    });
  }

  /** Where the parts of a row end, of what `row` gives. */
  parts(row: number): { bytes: Buffer; id: number; vectors: number; metadata: number } {
    return this.#told(row, () => {
      const bytes = this.#bytes;
      bytes.clear();
      this.#id(row);
      const id = bytes.length;
      this.#writeVectors(row);
      const vectors = bytes.length;
      this.#writeFields(row);
      const metadata = bytes.length;
      this.#writeParts(row);
      return { bytes: bytes.view(), id, vectors, metadata };
    });
  }

  #writeVectors(row: number): void {
    writeMembers(this.#bytes, 'v', this.#vectors, row);
  }

  #writeFields(row: number): void {
    writeMembers(this.#bytes, 'o', this.#fields, row);
  }

  #writeParts(row: number): void {
    for (const write of this.#parts) write(row);
    const details = this.#columns.details?.[row];
    if (details !== undefined) writeDetails(this.#bytes, details);
  }

  #told<T>(row: number, write: () => T): T {
    try {
      return write();
    } catch (error) {
      if (!(error instanceof BrokenText)) throw error;
      throw new FailureError('holds text that is not valid Unicode (half of a surrogate pair)', {
        where: `id ${shorten(idIn(this.#columns.ids, row))}`,
        got: error.text,
        next: 'correct the text in the source: no other database could hold it',
        cause: error,
      });
    }
  }
}

function writeMembers(bytes: Bytes, letter: string, members: readonly Member[], row: number): void {
  bytes.letter(letter);
  let count = 0;
  for (const { has } of members) if (has === undefined || has(row)) count++;
  bytes.u32(count);
  for (const { key, write, has } of members) {
    if (has !== undefined && !has(row)) continue;
    bytes.bytes(key);
    write(row);
  }
}

/** In the order of the names' UTF-8 bytes, with the bytes of each name. */
function inOrder(members: readonly (readonly [name: string, member: Omit<Member, 'key'>])[]): Member[] {
  const named = new Map(members);
  return sorted([...named.keys()]).map((name) => {
    const bytes = new Bytes();
    bytes.text('s', name);
    return { key: bytes.take(), ...named.get(name)! };
  });
}

/** Texts are believed to be UTF-8 by what writes them as they are. */
function checked(texts: Texts, where: string): Texts {
  const { bytes, offsets } = texts;
  const all = bytes.subarray(offsets[0], offsets.at(-1));
  if (isUtf8(all)) return texts;
  throw new FailureError('holds text that is not valid UTF-8', {
    where,
    next: 'correct the text in the source: no other database could hold it',
  });
}

function idWriter(bytes: Bytes, shape: PointShape, ids: IdValues): Write {
  if (ids.type === null) return (row) => writeId(bytes, shape, ids.values[row]!);
  if (ids.type === 'integer') return integerWriter(bytes, ids.values, 'i');
  if (shape.ids === null) return (row) => writeId(bytes, shape, idIn(ids, row));
  const texts = checked(ids.texts, 'ids');
  return textWriter(bytes, texts, idType(shape, '') === 'uuid' ? 'u' : 's');
}

function textWriter(bytes: Bytes, { bytes: from, offsets }: Texts, letter: string): Write {
  return (row) => bytes.utf8(letter, from, offsets[row]!, offsets[row + 1]!);
}

function integerWriter(bytes: Bytes, values: BigInt64Array | BigUint64Array, letter: string): Write {
  return (row) => {
    const value = values[row]!;
    if (value <= SAFE && value >= -SAFE) bytes.digits(letter, Number(value));
    else bytes.text(letter, String(value));
  };
}

function vectorMember(bytes: Bytes, field: VectorField, column: VectorValues): Omit<Member, 'key'> {
  if (column.type === null)
    return {
      write: (row) => writeVector(bytes, field, column.values[row]!),
      has: (row) => column.values[row] !== undefined,
    };
  const { values, present } = column;
  const size = elementsOf(field);
  const width = size * values.BYTES_PER_ELEMENT;
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  // One look at all of them instead of one at each.
  const quiet = quietNaNs(field.type, values) === values;
  const letter = LETTERS[field.type];
  return {
    write: quiet
      ? (row) => {
          bytes.letter(letter);
          bytes.u32(size);
          bytes.bytes(raw, row * width, (row + 1) * width);
        }
      : (row) => writeVector(bytes, field, vectorAt(column, size, row)!),
    has: present && ((row) => present[row] !== 0),
  };
}

function valueMember(
  bytes: Bytes,
  column: ValueColumn,
  name: string,
  timestamps: ReadonlySet<string>,
): Omit<Member, 'key'> {
  if (column.type === null)
    return {
      write: (row) => writeValue(bytes, column.values[row]!, timestamps, name),
      has: (row) => column.values[row] !== undefined,
    };
  const { states } = column;
  const letter = timestamps.has(name) ? 'm' : 'i';
  const present =
    'elements' in column
      ? listWriter(bytes, column, scalarWriter(bytes, column.elements, letter, name))
      : scalarWriter(bytes, column, letter, name);
  if (states === undefined) return { write: present };
  return {
    write: (row) => {
      if (states[row] === HELD.value) present(row);
      else bytes.letter('n');
    },
    has: states.includes(HELD.missing) ? (row) => states[row] !== HELD.missing : undefined,
  };
}

function listWriter(bytes: Bytes, { offsets }: { offsets: Int32Array }, element: Write): Write {
  return (row) => {
    const to = offsets[row + 1]!;
    bytes.letter('a');
    bytes.u32(to - offsets[row]!);
    for (let at = offsets[row]!; at < to; at++) element(at);
  };
}

function scalarWriter(bytes: Bytes, column: ScalarColumn, letter: string, name: string): Write {
  switch (column.type) {
    case 'string':
      return textWriter(bytes, checked(column.texts, `field ${shorten(name)}`), 's');
    case 'boolean':
      return (row) => bytes.letter(column.values[row] === 1 ? 't' : 'f');
    case 'float':
      return (row) => {
        const value = column.values[row]!;
        if (!Number.isInteger(value) || Object.is(value, -0)) bytes.double(value);
        else if (Number.isSafeInteger(value)) bytes.digits(letter, value);
        else bytes.text(letter, BigInt(value).toString());
      };
    default:
      return integerWriter(bytes, column.values, letter);
  }
}

function partWriter(bytes: Bytes, column: TextColumn | undefined, part: string): Write {
  if (column === undefined) return () => bytes.letter('n');
  const write = textWriter(bytes, checked(column.texts, part), 's');
  return (row) => {
    if (isValue(column.states, row)) write(row);
    else bytes.letter('n');
  };
}
