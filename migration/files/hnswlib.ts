import { BytesOf, damagedIndex } from './bytes.js';
import type { FileRows, Row } from './rows.js';

/**
 * An index as hnswlib saves it (hnswalg.h, `saveIndex`): sizes, then for each element its links, its vector of float32 and
 * its label. The file says neither its metric nor, under cosine, the lengths that its vectors had.
 */
interface Header {
  count: number;
  /** Of an element, and of what stands where in it, in bytes. */
  element: number;
  label: number;
  data: number;
}

const HEADER = 96;
/** In the third byte of an element's links. */
const DELETED = 1;
const BATCH_BYTES = 1 << 20;

/** Whether a file begins as hnswlib's do: sizes that fit one another. */
export function isHnswlib(path: string): boolean {
  const file = new BytesOf(path);
  try {
    if (file.size < HEADER) return false;
    headerOf(file);
    return true;
  } catch {
    return false;
  } finally {
    file.close();
  }
}

function headerOf(file: BytesOf): Header {
  const bytes = file.read(0, HEADER);
  const size = (at: number) => {
    const value = bytes.readBigUInt64LE(at);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damagedIndex(file.path, `a size of ${value}`);
    return Number(value);
  };
  const [most, count, element, label, data] = [8, 16, 24, 32, 40].map(size) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const fits =
    size(0) === 0 &&
    count <= most &&
    data < label &&
    (label - data) % 4 === 0 &&
    label + 8 === element &&
    HEADER + count * element <= file.size;
  if (!fits) throw damagedIndex(file.path, 'its sizes do not fit one another');
  return { count, element, label, data };
}

export function hnswlibRows(path: string): FileRows {
  return {
    format: 'hnswlib',
    files: [path],
    declared: new Map([['vector', { native: 'float32', numbers: 'f32' as const }]]),
    hints: { id: 'label', vectors: ['vector'], metric: null },
    absence: 'kept',
    notes: [
      'hnswlib does not save its metric (name it with ?metric=), and under cosine it holds vectors of length 1: the original lengths are not in the file',
    ],
    async *read(): AsyncGenerator<Row> {
      const file = new BytesOf(path);
      try {
        yield* elements(file, headerOf(file));
      } finally {
        file.close();
      }
    },
  };
}

function* elements(file: BytesOf, { count, element, label, data }: Header): Generator<Row> {
  const batch = Math.max(1, Math.floor(BATCH_BYTES / element));
  for (let start = 0; start < count; start += batch) {
    const rows = Math.min(batch, count - start);
    const from = HEADER + start * element;
    const bytes = file.read(from, from + rows * element);
    for (let i = 0; i < rows; i++) {
      const at = i * element;
      if ((bytes[at + 2]! & DELETED) !== 0) continue;
      const vector = new Float32Array((label - data) / 4);
      new Uint8Array(vector.buffer).set(bytes.subarray(at + data, at + label));
      const id = bytes.readBigUInt64LE(at + label);
      yield { place: () => `${file.path} element ${start + i}`, record: { label: id, vector } };
    }
  }
}
