import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CollectionSpec } from '../../../../engines/contract/spec.js';
import type { VectorField } from '../../../../engines/contract/vectors.js';
import { engine } from '../../../../engines/qdrant/engine.js';
import { metadataToPayload, payloadToMetadata } from '../../../../engines/qdrant/fields.js';
import { following, isBefore, uuidOf } from '../../../../engines/qdrant/ids.js';
import { fromJson, toJson } from '../../../../engines/qdrant/json.js';
import { ID_KEY, metadataKey, payloadKey } from '../../../../engines/qdrant/keys.js';
import { layoutOf } from '../../../../engines/qdrant/layout.js';
import { createBody } from '../../../../engines/qdrant/requests.js';
import { nativeVectors, vectorsFrom } from '../../../../engines/qdrant/vectors.js';
import { requireDescribed } from './replay.js';

const options = engine.parseOptions({ index: {}, search: {} });
if (options.state !== 'ok') throw new Error(JSON.stringify(options.issues));
const spec = (...vectors: VectorField[]): CollectionSpec => ({
  name: 'c',
  vectors,
  ids: 'string',
  fields: [],
  index: options.index,
});
const VECTOR: VectorField = { name: 'vector', kind: 'dense', type: 'f32', dimensions: 3, metric: 'l2' };
const HALF: VectorField = { ...VECTOR, name: 'half', type: 'f16' };
const MULTI: VectorField = { ...VECTOR, name: 'many', kind: 'multi' };
const SPARSE: VectorField = { name: 's', kind: 'sparse', type: 'f32', dimensions: 0, metric: 'dot' };

describe('keys of the payload', () => {
  test('any key comes back as it was, and none is one of our own', () => {
    const odd = ['', '__proto__', ID_KEY, '_vecproof__61', 'a"b', 'a\\b', 'ä', '_vecproof_'];
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom(...odd)), (key) => {
        const native = payloadKey(key);
        expect(metadataKey(native)).toBe(key);
        expect(native).not.toMatch(/["\\]|^$|^_vecproof_[a-z]+$/);
      }),
    );
    expect(metadataKey(ID_KEY)).toBeUndefined();
  });

  test('of a collection of others they are what they are', () => {
    const metadata = { [ID_KEY]: 'x', 'a"b': { '': 1 } };
    const others = { own: false, fields: [] };
    expect(metadataToPayload(others, metadata)).toEqual(metadata);
    expect(payloadToMetadata(others, metadata)).toEqual(metadata);
  });
});

describe('vectors', () => {
  test.each([
    [[VECTOR], { vectors: { size: 3, distance: 'Euclid' } }],
    [[HALF], { vectors: { half: { size: 3, distance: 'Euclid', datatype: 'float16' } } }],
    [
      [VECTOR, MULTI, SPARSE],
      {
        vectors: {
          vector: { size: 3, distance: 'Euclid' },
          many: { size: 3, distance: 'Euclid', multivector_config: { comparator: 'max_sim' } },
        },
        sparse_vectors: { s: {} },
      },
    ],
  ])('%j are what the server is told, in words that it knows', (vectors, expected) => {
    const body = createBody(spec(...vectors), 2);
    expect(body).toMatchObject(expected);
    requireDescribed({ $ref: '#/$defs/CreateCollection' }, JSON.parse(toJson(body as never)), 'create');
  });

  test('of all kinds come back bit for bit, and those that are absent stay so', () => {
    const layout = layoutOf(spec(VECTOR, HALF, MULTI, SPARSE));
    for (const vectors of [
      {
        vector: Float32Array.of(-0, 1e-45, 3.4028234663852886e38),
        half: Uint16Array.of(0x8000, 1, 0x7bff),
        many: { rows: 2, values: Float32Array.of(1, -0, 0.1, 4, 5, 6) },
        s: { indices: Uint32Array.of(0, 4_294_967_295), values: Float32Array.of(-0, 0.1) },
      },
      { s: { indices: new Uint32Array(0), values: new Float32Array(0) } },
      {},
    ]) {
      const native = nativeVectors(layout, vectors);
      requireDescribed({ $ref: '#/$defs/VectorStruct' }, JSON.parse(toJson(native)), 'vectors');
      expect(vectorsFrom(layout, fromJson(toJson(native)))).toEqual(vectors);
    }
    const unnamed = layoutOf(spec(VECTOR));
    expect(toJson(nativeVectors(unnamed, { vector: Float32Array.of(1, -0, 2) }))).toBe('[1,-0.0,2]');
    expect(vectorsFrom(unnamed, fromJson(toJson(nativeVectors(unnamed, {}))))).toEqual({});
  });
});

test('a scan goes on with the id that follows, in the order of the server', () => {
  const last = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
  const first = '00000000-0000-0000-0000-000000000000';
  expect(following(7n)).toBe(8n);
  expect(following(2n ** 64n - 1n)).toBe(first);
  expect(following('00000000-0000-0000-0000-0000ffffffff')).toBe('00000000-0000-0000-0000-000100000000');
  expect(following(last)).toBeUndefined();
  expect(isBefore(2n ** 63n, first)).toBe(true);
  expect(isBefore(first, 1n)).toBe(false);
  const ids = [uuidOf('a'), uuidOf('b'), uuidOf('c')].sort();
  expect(isBefore(ids[0]!, following(ids[0]!)!)).toBe(true);
});
