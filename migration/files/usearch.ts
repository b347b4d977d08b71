import type { DenseType, DenseValues, VectorMetric } from '../../engines/contract/vectors.js';
import { BytesOf, damagedIndex } from './bytes.js';
import type { DeclaredColumn, FileRows, Row } from './rows.js';

/**
 * An index as usearch 2 saves it: rows and bytes of a row, the vectors, 64 bytes that begin with "usearch", then a graph whose
 * nodes have the keys, in the order of the vectors.
 */
interface Header {
  rows: number;
  rowBytes: number;
  /** Where the vectors begin, and where the graph does. */
  vectors: number;
  graph: number;
  metric: VectorMetric | null;
  scalar: 'f64' | 'f32' | 'f16' | 'bf16' | 'i8' | 'b1';
  dimensions: number;
  slotBytes: number;
}

const MAGIC = Buffer.from('usearch');
const HEAD = 64;
const SCALARS: Readonly<Record<number, Header['scalar']>> = {
  1: 'b1',
  4: 'bf16',
  10: 'f64',
  11: 'f32',
  12: 'f16',
  23: 'i8',
};
const METRICS: Readonly<Record<string, VectorMetric>> = {
  i: 'dot',
  c: 'cosine',
  e: 'l2',
  b: 'hamming',
  j: 'jaccard',
  t: 'jaccard',
};
const U64 = 14;
const SLOTS: Readonly<Record<number, number>> = { 15: 4, 2: 5 };
/** Key of an element that was removed. */
const FREE = 2n ** 64n - 1n;

const TYPES: Readonly<Record<Header['scalar'], DenseType | 'f64'>> = {
  f64: 'f64',
  f32: 'f32',
  f16: 'f16',
  bf16: 'bf16',
  i8: 'int8',
  b1: 'bit',
};

export function isUsearch(path: string): boolean {
  const file = new BytesOf(path);
  try {
    headerOf(file);
    return true;
  } catch {
    return false;
  } finally {
    file.close();
  }
}

/** Rows and bytes of a row are 32 bits each, or 64 for large indexes: what they lead to tells which. */
function headerOf(file: BytesOf): Header {
  for (const width of [4, 8] as const) {
    if (file.size < 2 * width + HEAD) continue;
    const bytes = file.read(0, 2 * width);
    const [rows, rowBytes] = [0, width].map((at) =>
      width === 4 ? bytes.readUInt32LE(at) : Number(bytes.readBigUInt64LE(at)),
    ) as [number, number];
    const head = 2 * width + rows * rowBytes;
    if (head + HEAD > file.size) continue;
    const found = file.read(head, head + HEAD);
    if (found.subarray(0, 7).equals(MAGIC))
      return readHead(file.path, found, { rows, rowBytes, vectors: 2 * width, graph: head + HEAD });
  }
  throw damagedIndex(file.path, 'it does not say "usearch" behind its vectors');
}

function readHead(
  path: string,
  head: Buffer,
  place: Pick<Header, 'rows' | 'rowBytes' | 'vectors' | 'graph'>,
): Header {
  const [major, minor] = [head.readUInt16LE(7), head.readUInt16LE(9)];
  if (major !== 2) throw damagedIndex(path, `it was saved by usearch ${major}.${minor}; 2 is known`);
  const scalar = SCALARS[head[14]!];
  const slotBytes = SLOTS[head[16]!];
  if (scalar === undefined || head[15] !== U64 || slotBytes === undefined)
    throw damagedIndex(
      path,
      `its scalars, keys or slots are of an unknown kind (${head[14]}, ${head[15]}, ${head[16]})`,
    );
  if (head[41] !== 0)
    throw damagedIndex(path, 'it keeps several vectors under one key, which no point here can');
  return {
    ...place,
    metric: METRICS[String.fromCharCode(head[13]!)] ?? null,
    scalar,
    dimensions: Number(head.readBigUInt64LE(33)),
    slotBytes,
  };
}

export function usearchRows(path: string): FileRows {
  const file = new BytesOf(path);
  const header = headerOf(file);
  file.close();
  const column: DeclaredColumn = {
    native: header.scalar,
    numbers: TYPES[header.scalar],
    ...(header.scalar === 'b1' && { dimensions: header.dimensions }),
  };
  return {
    format: 'usearch',
    files: [path],
    declared: new Map([['vector', column]]),
    hints: { id: 'key', vectors: ['vector'], metric: header.metric },
    absence: 'kept',
    notes: notesOf(header),
    async *read() {
      const opened = new BytesOf(path);
      try {
        yield* elements(opened, header);
      } finally {
        opened.close();
      }
    },
  };
}

function notesOf({ scalar }: Header): string[] {
  switch (scalar) {
    case 'f64':
      return ['the index holds float64 numbers: they are rounded to float32'];
    case 'i8':
      return [
        'the index holds int8, which is kept as it is; floats that were added to it are directions times 127 in there, and the original numbers are not in the file',
      ];
    case 'f16':
    case 'bf16':
      return [
        `the index holds ${scalar}, which is kept as it is; what was rounded when vectors were added is not in the file`,
      ];
    default:
      return [];
  }
}

function* elements(file: BytesOf, header: Header): Generator<Row> {
  const { rows, rowBytes, vectors } = header;
  let row = 0;
  for (const key of keys(file, header)) {
    const at = vectors + row * rowBytes;
    const number = row++;
    if (key === FREE) continue;
    const vector = valuesOf(header, file.read(at, at + rowBytes));
    yield { place: () => `${file.path} element ${number}`, record: { key, vector } };
  }
  if (row !== rows) throw damagedIndex(file.path, `${row} keys, ${rows} vectors`);
}

function valuesOf({ scalar, dimensions }: Header, bytes: Buffer): DenseValues | Float64Array {
  const own = new Uint8Array(bytes);
  switch (scalar) {
    case 'f64':
      return new Float64Array(own.buffer);
    case 'f32':
      return new Float32Array(own.buffer);
    case 'i8':
      return new Int8Array(own.buffer);
    case 'b1':
      // As here: the first dimension is in the highest bit.
      return own.subarray(0, Math.ceil(dimensions / 8));
    default:
      return new Uint16Array(own.buffer);
  }
}

const WINDOW = 1 << 20;

/** Keys of the nodes. A node: key, level, then for each of its levels the number of neighbours and room for all. */
function* keys(file: BytesOf, { graph, slotBytes }: Header): Generator<bigint> {
  const head = file.read(graph, graph + 40);
  const [size, connectivity, base] = [0, 8, 16].map((at) => Number(head.readBigUInt64LE(at))) as [
    number,
    number,
    number,
  ];
  const levels = file.read(graph + 40, graph + 40 + size * 2);
  let at = graph + 40 + size * 2;
  let window: Buffer = Buffer.alloc(0);
  let start = at;
  for (let node = 0; node < size; node++) {
    if (at + 8 > start + window.length) {
      window = file.read(at, Math.min(file.size, at + WINDOW));
      start = at;
    }
    yield window.readBigUInt64LE(at - start);
    at += 10 + 4 + base * slotBytes + levels.readInt16LE(node * 2) * (4 + connectivity * slotBytes);
  }
}
