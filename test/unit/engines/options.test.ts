import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OptionsInput, ParsedOptions } from '../../../engines/contract/options.js';
import { engineNames, loadEngine } from '../../../engines/registry.js';

const engines = await Promise.all(engineNames().map((name) => loadEngine(name)));
const engine = (name: string) => engines.find((each) => each.name === name)!;

function parse(
  name: string,
  index: OptionsInput['index'],
  search: OptionsInput['search'] = {},
): ParsedOptions {
  return engine(name).parseOptions({ index, search });
}

function messages(result: ParsedOptions): string[] {
  if (result.state === 'ok') return [];
  return result.issues.map(({ path, what, next }) =>
    [`${path.join('.')}: ${what}`, ...(next === undefined ? [] : [next])].join('\n'),
  );
}

describe('complete parameters', () => {
  test.each([
    ['usearch', {}, { type: 'hnsw', quantization: 'none', m: 16, efConstruction: 128 }, { ef: 64 }, 'hnsw'],
    [
      'hnswlib',
      { m: 8 },
      { type: 'hnsw', quantization: 'none', m: 8, efConstruction: 200 },
      { ef: 64 },
      'hnsw',
    ],
    ['lancedb', { type: 'flat' }, { type: 'flat', quantization: 'none' }, {}, 'flat'],
    ['lancedb', {}, { type: 'ivf', quantization: 'none', nlist: 64 }, { nprobe: 8 }, 'ivf'],
    [
      'lancedb',
      { quantization: 'pq', pqSegments: 48 },
      { type: 'ivf', quantization: 'pq', nlist: 64, pqSegments: 48, bits: 8 },
      { nprobe: 8 },
      'ivf-pq',
    ],
    [
      'lancedb',
      { quantization: 'rq' },
      { type: 'ivf', quantization: 'rq', nlist: 64, bits: 1 },
      { nprobe: 8 },
      'ivf-rq',
    ],
    [
      'lancedb',
      { type: 'hnsw' },
      { type: 'hnsw', quantization: 'sq8', m: 20, efConstruction: 300, nlist: 1 },
      { ef: 64 },
      'hnsw-sq8',
    ],
    [
      'lancedb',
      { type: 'hnsw', nlist: 4 },
      { type: 'hnsw', quantization: 'sq8', m: 20, efConstruction: 300, nlist: 4 },
      { ef: 64, nprobe: 4 },
      'hnsw-sq8',
    ],
    [
      'qdrant',
      {},
      { type: 'hnsw', quantization: 'none', m: 16, efConstruction: 100, fullScanThreshold: 10 },
      { ef: 64 },
      'hnsw',
    ],
    ['qdrant', { type: 'flat' }, { type: 'flat', quantization: 'none' }, {}, 'flat'],
    [
      'qdrant',
      { quantization: 'binary', segments: 2 },
      {
        type: 'hnsw',
        quantization: 'binary',
        m: 16,
        efConstruction: 100,
        fullScanThreshold: 10,
        segments: 2,
        encoding: 'one_bit',
      },
      { ef: 64, rescore: true },
      'hnsw-binary',
    ],
    ['sqlite-vec', {}, { type: 'flat', quantization: 'none' }, {}, 'flat'],
    ['null', {}, { type: 'none', quantization: 'none' }, {}, 'none'],
  ])('%s %j', (name, given, index, search, variant) => {
    expect(parse(name, given)).toEqual({ state: 'ok', index, search, variant });
  });

  test.each([
    ['f32', 'none', 'hnsw'],
    ['i8', 'sq8', 'hnsw-sq8'],
    ['b1', 'binary', 'hnsw-binary'],
    ['f16', 'f16', 'hnsw-f16'],
    ['bf16', 'bf16', 'hnsw-bf16'],
  ])('quantization %s is recorded as %s', (given, canonical, variant) => {
    expect(parse('usearch', { quantization: given })).toMatchObject({
      index: { quantization: canonical },
      variant,
    });
  });
});

describe('faults', () => {
  test.each([
    ['usearch', { m: '16k' }, {}, ['index.m: m must be an integer from 2 to 256']],
    ['usearch', { m: 1 }, {}, ['index.m: m must be an integer from 2 to 256']],
    ['usearch', { m: 2.5 }, {}, ['index.m: m must be an integer from 2 to 256']],
    ['usearch', { m: Number.NaN }, {}, ['index.m: m must be an integer from 2 to 256']],
    ['usearch', {}, { ef: 0 }, ['search.ef: ef must be an integer from 1 to 100000']],
    ['usearch', {}, { eff: 10 }, ['search.eff: eff is not a known key. Did you mean "ef"?']],
    [
      'usearch',
      { efconstruction: 10 },
      {},
      ['index.efconstruction: efconstruction is not a known key. Did you mean "efConstruction"?'],
    ],
    [
      'usearch',
      { partitions: 4 },
      {},
      [
        "index.partitions: partitions is not a known key. This engine's index knows type, quantization, m, efConstruction",
      ],
    ],
    ['usearch', { type: 'flat' }, {}, ['index.type: type must be hnsw']],
    ['usearch', { type: 'hnws' }, {}, ['index.type: type must be hnsw. Did you mean "hnsw"?']],
    [
      'usearch',
      { quantization: 'pq' },
      {},
      ['index.quantization: quantization must be one of none, f16, bf16, sq8, binary'],
    ],
    [
      'hnswlib',
      { m: 32, efConstruction: 16 },
      {},
      ['index.efConstruction: efConstruction must be at least m (32): hnswlib silently raises it to m'],
    ],
    ['hnswlib', { quantization: 'sq8' }, {}, ['index.quantization: quantization must be none']],
    [
      'lancedb',
      { type: 'hnsw', quantization: 'none' },
      {},
      ['index.quantization: quantization of hnsw must be sq8 or pq'],
    ],
    ['lancedb', { quantization: 'pq', bits: 6 }, {}, ['index.bits: bits of pq must be 4 or 8']],
    [
      'qdrant',
      { efConstruction: 3 },
      {},
      ['index.efConstruction: efConstruction must be an integer from 4 to 10000'],
    ],
    [
      'qdrant',
      { type: 'flat', quantization: 'sq8' },
      {},
      ['index.quantization: quantization of flat must be none'],
    ],
    [
      'qdrant',
      { quantization: 'pq', compression: 16 },
      {},
      ['index.compression: compression must be one of x4, x8, x16, x32, x64'],
    ],
    [
      'qdrant',
      { quantization: 'sq8' },
      { rescore: 'yes', oversampling: 0.5 },
      [
        'search.rescore: rescore must be true or false',
        'search.oversampling: oversampling must be a number from 1 to 1000',
      ],
    ],
    ['sqlite-vec', { quantization: 'binary' }, {}, ['index.quantization: quantization must be none']],
    ['null', {}, { ef: 3 }, ["search.ef: ef is not a known key. This engine's search takes no keys"]],
  ])('%s %j %j', (name, index, search, expected) => {
    expect(messages(parse(name, index, search))).toEqual(expected);
  });

  test('all are listed at once, each with what was got', () => {
    const result = parse('usearch', { m: 1000, efConstruction: 'x' }, { ef: -1 });
    expect(result).toMatchObject({
      state: 'invalid',
      issues: [
        { path: ['index', 'm'], got: 1000 },
        { path: ['index', 'efConstruction'], got: 'x' },
        { path: ['search', 'ef'], got: -1 },
      ],
    });
  });

  test.each([
    ['index.m', { type: 'flat', m: 16 }, {}],
    ['index.m', { type: 'ivf', m: 16 }, {}],
    ['index.pqSegments', { type: 'ivf', pqSegments: 16 }, {}],
    ['index.bits', { type: 'hnsw', quantization: 'pq', bits: 8 }, {}],
    ['search.nprobe', { type: 'hnsw' }, { nprobe: 4 }],
    ['search.ef', { type: 'ivf' }, { ef: 40 }],
    ['search.refineFactor', { type: 'ivf', quantization: 'none' }, { refineFactor: 2 }],
    ['search.refineFactor', { type: 'flat' }, { refineFactor: 2 }],
  ])('%s has no effect on %j', (key, index, search) => {
    const [message, ...rest] = messages(parse('lancedb', index, search));
    expect(rest).toEqual([]);
    expect(message).toMatch(new RegExp(`^${key}: .* has no effect on .*\nremove it; .* would have one$`));
  });
});

describe('faults that only the data shows', () => {
  const shape = { metric: 'cosine', dimensions: 384, count: 1000, k: 10 } as const;
  const check = (
    name: string,
    index: OptionsInput['index'],
    search: OptionsInput['search'] = {},
    data = {},
  ) => {
    const result = parse(name, index, search);
    if (result.state !== 'ok') throw new Error(messages(result).join());
    return engine(name)
      .checkData({ ...shape, ...data }, result.index, result.search)
      .map(({ what }) => what);
  };

  test.each([
    ['usearch', { quantization: 'sq8' }, {}, { metric: 'l2' }, /cosine only, not l2/],
    ['usearch', { quantization: 'binary' }, {}, { metric: 'dot' }, /cosine only, not dot/],
    ['lancedb', { quantization: 'pq', pqSegments: 7 }, {}, {}, /must divide the 384 dimensions/],
    ['lancedb', { quantization: 'pq', pqSegments: 3, bits: 4 }, {}, {}, /must be even/],
    [
      'lancedb',
      { quantization: 'pq' },
      {},
      { count: 255 },
      /at least 256 points to train, the dataset has 255/,
    ],
    ['lancedb', { quantization: 'rq' }, {}, { dimensions: 100 }, /divisible by 8, not 100/],
    ['lancedb', { nlist: 1001 }, {}, {}, /must not exceed the number of points \(1000\)/],
    ['lancedb', { type: 'hnsw' }, { ef: 29, refineFactor: 3 }, {}, /at least k times refineFactor \(30\)/],
    ['qdrant', {}, {}, { dimensions: 65_537 }, /at most 65536 dimensions/],
    ['qdrant', {}, {}, { dimensions: 4 }, /segment \(here 7 KiB in each of 2\).*type: flat/],
    ['qdrant', { fullScanThreshold: 751 }, {}, {}, /segment \(here 750 KiB in each of 2\)/],
    ['sqlite-vec', {}, {}, { metric: 'dot' }, /cosine and l2 only, not dot/],
    ['sqlite-vec', {}, {}, { dimensions: 8193 }, /at most 8192 dimensions/],
    ['sqlite-vec', {}, {}, { k: 4097 }, /at most 4096 hits/],
    ['lancedb', { type: 'hnsw' }, { ef: 9 }, {}, /at least k times refineFactor \(10\)/],
  ])('%s %j %j %j', (name, index, search, data, expected) => {
    const found = check(name, index, search, data);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  test.each([
    ['usearch', { quantization: 'sq8' }, {}, {}],
    ['lancedb', { quantization: 'pq', bits: 4 }, {}, { count: 64 }],
    ['lancedb', { type: 'hnsw' }, { ef: 30, refineFactor: 3 }, {}],
    ['lancedb', { nlist: 1000 }, {}, {}],
    ['qdrant', { fullScanThreshold: 750 }, {}, {}],
    ['qdrant', { fullScanThreshold: 1500, segments: 1 }, {}, {}],
    ['qdrant', { type: 'flat' }, {}, { dimensions: 1, count: 1 }],
    ['sqlite-vec', {}, {}, { dimensions: 8192, k: 4096, count: 5000 }],
  ])('%s %j %j %j is fine', (name, index, search, data) => {
    expect(check(name, index, search, data)).toEqual([]);
  });
});

describe('every engine', () => {
  const word = fc.oneof(
    fc.constantFrom(
      'type',
      'quantization',
      'm',
      'efConstruction',
      'ef',
      'nlist',
      'nprobe',
      'bits',
      'pqSegments',
      'refineFactor',
    ),
    fc.string(),
  );
  const value = fc.oneof(
    fc.integer({ min: -2, max: 300 }),
    fc.constantFrom('hnsw', 'ivf', 'flat', 'none', 'sq8', 'pq', 'rq', 'f32', 'i8', null, true, 1.5),
    fc.string(),
  );
  const part = fc.dictionary(word, value, { maxKeys: 5 });

  test.each(engines.map(({ name }) => name))(
    '%s: never throws; what it accepts it accepts again unchanged',
    (name) => {
      fc.assert(
        fc.property(part, part, (index, search) => {
          const first = parse(name, index, search);
          if (first.state === 'ok') expect(parse(name, first.index, first.search)).toEqual(first);
          else expect(first.issues.length).toBeGreaterThan(0);
        }),
        { numRuns: 500 },
      );
    },
  );

  test.each(engines)(
    '$name: each index type and quantization it declares parses, with another variant',
    (each) => {
      const variants = Object.entries(each.capabilities.indexTypes).flatMap(([type, quantizations]) =>
        quantizations.map((quantization) => {
          const result = parse(each.name, { type, quantization });
          expect(messages(result)).toEqual([]);
          return result.state === 'ok' ? result.variant : '';
        }),
      );
      expect(new Set(variants).size).toBe(variants.length);
    },
  );

  test.each(engines)('$name: JSON Schemas are closed objects that name their ranges', ({ optionSchemas }) => {
    for (const schema of Object.values(optionSchemas())) {
      expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(schema).not.toHaveProperty('required');
      expect(schema).not.toHaveProperty('$schema');
    }
  });
});
