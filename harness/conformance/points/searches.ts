import type { Point, SearchableKind } from '../../../engines/contract/points.js';
import type { PreparedSearch } from '../../../engines/contract/search.js';
import {
  DEFAULT_VECTOR,
  type MultiVector,
  type SparseVector,
  type VectorField,
  type VectorMetric,
  type VectorValue,
} from '../../../engines/contract/vectors.js';
import { Random } from '../../measures/random.js';
import type { TestApi } from '../api.js';
import { never, parsed } from '../session.js';
import { checksOn, idsOf, type PointContender, someIds } from './session.js';
import { keptVectors } from './vectors.js';

const COUNT = 60;
const K = 10;
const BITS = 32;
const OTHER = 'other';

/** How vectors of a kind are made, and how far two are apart: smaller is nearer. */
interface Compared {
  field: Omit<VectorField, 'name'>;
  make(random: Random): VectorValue;
  distance(a: VectorValue, b: VectorValue): number;
}

/** Written out here, so that no formula of the project is trusted. */
const COMPARED: Readonly<Record<string, { kind: SearchableKind } & Compared>> = {
  'bit vectors by hamming': { kind: 'bit', ...bits('hamming', (both, one) => one - both) },
  'bit vectors by jaccard': { kind: 'bit', ...bits('jaccard', (both, one) => 1 - both / one) },
  'int8 vectors by l2': {
    kind: 'int8',
    field: { kind: 'dense', type: 'int8', dimensions: 8, metric: 'l2' },
    make: (random) => Int8Array.from({ length: 8 }, () => random.below(255) - 127),
    distance: (a, b) => (a as Int8Array).reduce((sum, x, i) => sum + (x - (b as Int8Array)[i]!) ** 2, 0),
  },
  'sparse vectors by dot': {
    kind: 'sparse',
    field: { kind: 'sparse', type: 'f32', dimensions: 0, metric: 'dot' },
    make: sparseOf,
    distance: (a, b) => -sparseDot(a as SparseVector, b as SparseVector),
  },
  'multi vectors by the sum of the nearest rows': {
    kind: 'multi',
    field: { kind: 'multi', type: 'f32', dimensions: 4, metric: 'dot' },
    make: (random) => {
      const rows = 1 + random.below(4);
      return { rows, values: Float32Array.from({ length: rows * 4 }, () => fraction(random)) };
    },
    distance: (query, point) => -maxSim(query as MultiVector, point as MultiVector),
  },
};

/** Searches on vectors that are no floats are exact by brute force, or refused by the vector's name. */
export function checkSearches(api: TestApi, contender: PointContender): void {
  const { expect } = api;
  const on = checksOn(api, contender);
  const { definition, facts } = contender;
  const vectors = keptVectors(contender);
  const kind = idsOf(contender);
  const settings = parsed(definition, { index: facts.index }).search;

  for (const [what, { kind: searched, field, make, distance }] of Object.entries(COMPARED)) {
    const kept = field.kind === 'dense' ? vectors.dense.includes(field.type) : vectors[field.kind];
    if (!kept) continue;
    const searchable = vectors.searchable?.includes(searched) === true;
    const fields: VectorField[] = [{ name: OTHER, ...field }];
    if (vectors.several)
      fields.unshift({ name: DEFAULT_VECTOR, kind: 'dense', type: 'f32', dimensions: 2, metric: 'l2' });

    if (!searchable) {
      on(`a search on ${what} is refused by the vector's name`, async (session) => {
        const prepare = async () => {
          const { collection } = await session.create({ vectors: fields });
          await collection.prepare(settings, K, OTHER);
        };
        await expect(prepare()).rejects.toThrow(OTHER);
      });
      continue;
    }
    on(`a search on ${what} is exact`, async (session) => {
      const random = new Random(11);
      const { collection, upsert } = await session.create({ vectors: fields });
      const points = someIds(kind, COUNT).map((id, i): Point => {
        const others = vectors.several ? { [DEFAULT_VECTOR]: Float32Array.of(i, 1) } : {};
        return { id, vectors: { ...others, [OTHER]: make(random) }, metadata: {} };
      });
      await upsert(points);
      await collection.ready(never);
      const search: PreparedSearch<VectorValue> = await collection.prepare(settings, K, OTHER);
      for (let q = 0; q < 5; q++) {
        const query = make(random);
        const far = new Map(points.map(({ id, vectors }) => [id, distance(query, vectors[OTHER]!)]));
        const { keys } = await search.query(query);
        const ids = Array.from(
          keys,
          (key) => search.idOf?.(key) ?? (typeof key === 'number' ? BigInt(key) : key),
        );
        expect(new Set(ids).size).toBe(K);
        // Ties may come in any order.
        const wanted = [...far.values()].sort((a, b) => a - b).slice(0, K);
        for (const [i, id] of ids.entries()) expect(far.get(id)!, what).toBeCloseTo(wanted[i]!, 5);
      }
      const wrong = async () => search.query(new Float32Array(3));
      await expect(wrong()).rejects.toThrow(OTHER);
      await search.close();
    });
  }
}

function bits(metric: VectorMetric, of: (both: number, either: number) => number): Compared {
  return {
    field: { kind: 'dense', type: 'bit', dimensions: BITS, metric },
    make: (random) => Uint8Array.from({ length: BITS / 8 }, () => random.below(256)),
    distance: (a, b) => {
      const pairs = Array.from(a as Uint8Array, (byte, i) => [byte, (b as Uint8Array)[i]!] as const);
      const both = pairs.reduce((sum, [x, y]) => sum + ones(x & y), 0);
      return of(
        both,
        pairs.reduce((sum, [x, y]) => sum + ones(x | y), 0),
      );
    },
  };
}

function ones(byte: number): number {
  return [...byte.toString(2)].filter((digit) => digit === '1').length;
}

/** From 0.1 to 1.1. */
function fraction(random: Random): number {
  return Math.fround(0.1 + random.uint32() / 2 ** 32);
}

/** All have the index 0: an engine need not return what shares none with the query. */
function sparseOf(random: Random): SparseVector {
  const others = Array.from({ length: 20 }, (_, i) => 7 * i + 1).filter(() => random.below(3) === 0);
  const indices = Uint32Array.of(0, ...others);
  return { indices, values: Float32Array.from(indices, () => fraction(random)) };
}

function sparseDot(a: SparseVector, b: SparseVector): number {
  const values = new Map(Array.from(b.indices, (index, i) => [index, b.values[i]!]));
  return a.indices.reduce((sum, index, i) => sum + a.values[i]! * (values.get(index) ?? 0), 0);
}

/** For each row of the query the most similar one of the point. */
function maxSim(query: MultiVector, point: MultiVector): number {
  const rowsOf = ({ rows, values }: MultiVector) =>
    Array.from({ length: rows }, (_, row) => Array.from(values.subarray(row * 4, row * 4 + 4)));
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  return rowsOf(query).reduce(
    (sum, row) => sum + Math.max(...rowsOf(point).map((each) => dot(row, each))),
    0,
  );
}
