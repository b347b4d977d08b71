// @ts-check
/**
 * An engine in one file: it compares the query with every point. docs/engine-guide.md walks through it.
 *
 * @import { Collection, CollectionSpec, ConformanceFacts, EngineDefinition, LoadBatch, OptionsInput,
 *   ParsedOptions, PreparedSearch } from 'vecproof'
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Points that are copied before the event loop gets a turn. */
const CHUNK = 1000;

/** @type {EngineDefinition} */
export const engine = {
  name: 'brute-force',
  title: 'Brute force',
  packages: [],
  capabilities: {
    metrics: ['cosine', 'dot', 'l2'],
    indexTypes: { flat: ['none'] },
    filters: { operators: {}, refused: {} },
    metadata: null,
    points: null,
    fieldNames: { empty: 'kept' },
    collectionNames: { empty: 'kept' },
    idKinds: ['u32'],
    maxDimensions: null,
    visibility: 'immediate',
    scores: { cosine: '1-cos', dot: '-dot', l2: 'squared' },
    deterministicBuild: 'always',
    execution: 'blocking',
    preparedSearches: 'several',
    exhaustive: { flat: { kind: 'scan', search: { share: 1 } } },
    remarks: ['With a `share` below 1 only the first points are compared: recall is about that share.'],
  },
  optionSchemas: () => ({
    index: { type: 'object', properties: { type: { const: 'flat' }, quantization: { const: 'none' } } },
    search: { type: 'object', properties: { share: { type: 'number', exclusiveMinimum: 0, maximum: 1 } } },
  }),
  parseOptions,
  checkData: () => [],
  connect: async () => ({
    version: async () => '1.0.0',
    create: async (spec) => new BruteForce(spec),
    close: async () => {},
  }),
};

const PLAIN = { index: {}, search: {} };

/** @type {ConformanceFacts} */
export const facts = {
  kinds: { 'flat none': PLAIN },
  floor: { 'flat none': { cosine: 1, dot: 1, l2: 1 } },
  wide: PLAIN,
  narrow: [{ share: 0.1 }, { share: 1 }],
  nanQuery: 'arbitrary points',
  zeroQuery: 'points at distance 1',
  tellsSize: false,
  sweeps: [{ key: 'share', part: 'search', values: [0.1, 1], fixed: PLAIN, recall: 'rises', by: 0.5 }],
};

/** @type {(input: OptionsInput) => ParsedOptions} */
function parseOptions({ index, search }) {
  const { type = 'flat', quantization = 'none', ...unknownIndex } = index;
  const { share = 1, ...unknownSearch } = search;
  const issues = Object.entries({ ...unknownIndex, ...unknownSearch }).map(([key, got]) => {
    return { path: [key in index ? 'index' : 'search', key], what: 'is not a known key', got };
  });
  if (type !== 'flat') issues.push({ path: ['index', 'type'], what: 'must be flat', got: type });
  if (quantization !== 'none')
    issues.push({ path: ['index', 'quantization'], what: 'must be none', got: quantization });
  if (typeof share !== 'number' || !(share > 0 && share <= 1))
    issues.push({ path: ['search', 'share'], what: 'must be above 0 and at most 1', got: share });
  if (issues.length > 0) return { state: 'invalid', issues };
  const complete = { type: 'flat', quantization: 'none' };
  return { state: 'ok', index: complete, search: { share: Number(share) }, variant: 'flat' };
}

/** @implements {Collection} */
class BruteForce {
  /** @type {Float32Array[]} */
  #points = [];
  /** @type {number[]} */
  #ids = [];

  /** @param {CollectionSpec} spec */
  constructor({ name, vectors }) {
    this.name = name;
    this.vector = vectors[0];
  }

  /** @type {(batch: LoadBatch, signal: AbortSignal) => Promise<void>} */
  async load({ count, ids, vectors }, signal) {
    const { name, dimensions } = this.vector;
    const values = /** @type {Float32Array} */ (vectors[name].values);
    for (let i = 0; i < count; i++) {
      if (i % CHUNK === 0) await nextTurn();
      signal.throwIfAborted();
      // A copy: the harness uses the array again.
      this.#points.push(values.slice(i * dimensions, (i + 1) * dimensions));
      this.#ids.push(Number(ids[i]));
    }
  }

  /** @param {AbortSignal} signal */
  async ready(signal) {
    signal.throwIfAborted();
    return { count: this.#points.length, indexed: null, details: {} };
  }

  /** @type {(search: OptionsInput['search'], k: number) => Promise<PreparedSearch>} */
  async prepare({ share }, k) {
    const { dimensions, metric } = this.vector;
    const compared = this.#points.slice(0, Math.ceil(Number(share) * this.#points.length));
    let open = true;
    return {
      query: (vector) => {
        if (!open) throw new Error('the search was closed');
        if (vector.length !== dimensions)
          throw new Error(`the query has ${vector.length} dimensions, the index ${dimensions}`);
        const scores = compared.map((point) => distance(metric, vector, point));
        const nearest = [...scores.keys()].sort((a, b) => scores[a] - scores[b]).slice(0, k);
        return { keys: nearest.map((at) => this.#ids[at]), scores: nearest.map((at) => scores[at]) };
      },
      close: async () => {
        open = false;
      },
    };
  }

  count = async () => this.#points.length;
  indexBytes = async () => undefined;
  drop = async () => void this.#points.splice(0);
}

/** @type {(metric: unknown, a: Float32Array, b: Float32Array) => number} */
function distance(metric, a, b) {
  let [ab, aa, bb, squared] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] ** 2;
    bb += b[i] ** 2;
    squared += (a[i] - b[i]) ** 2;
  }
  if (metric === 'dot') return -ab;
  if (metric === 'l2') return squared;
  return aa * bb === 0 ? 1 : 1 - ab / Math.sqrt(aa * bb);
}
