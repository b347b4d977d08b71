import type { ParameterSet } from '../../common/parameters.js';
import type { Hits } from '../contract/search.js';
import type { VectorField } from '../contract/vectors.js';
import type { MilvusClient, MilvusStatus } from './client.js';
import type { Layout } from './layout.js';
import { delimited, integer } from './protobuf.js';
import { EncodedCalls } from './rpc.js';

/** What is searched, and how. */
export interface SearchTarget {
  layout: Layout;
  /** Of the vector. */
  column: string;
  k: number;
  /** In the server's own names. */
  params: ParameterSet;
  level: 'Eventually' | 'Strong';
}

/** Of common.proto: ConsistencyLevel, PlaceholderType. */
const LEVELS = { Strong: 0, Eventually: 3 } as const;
const PLACEHOLDERS: Readonly<Partial<Record<VectorField['type'], number>>> = {
  bit: 100,
  f32: 101,
  f16: 102,
  bf16: 103,
};
const TAG = Buffer.from('$0');

interface SearchAnswer {
  status: MilvusStatus;
  /** Null where nothing was found. */
  results: {
    scores: number[];
    /** Integers of 64 bits come as text. */
    ids: { int_id?: { data: string[] } | null; str_id?: { data: string[] } | null } | null;
  } | null;
}

/**
 * Searches with the client's own messages and connection, but past what it does around them: it describes the collection,
 * writes every message as JSON and makes an object of each hit.
 */
export class RawQueries {
  readonly #calls: EncodedCalls<SearchAnswer>;
  readonly #target: SearchTarget;
  readonly #placeholder: number;

  private constructor(calls: EncodedCalls<SearchAnswer>, target: SearchTarget, { type }: VectorField) {
    this.#calls = calls;
    this.#target = target;
    this.#placeholder = PLACEHOLDERS[type]!;
  }

  static async open(client: MilvusClient, target: SearchTarget, field: VectorField): Promise<RawQueries> {
    return new RawQueries(await EncodedCalls.open(client, 'Search'), target, field);
  }

  /** The whole request. */
  encode(vector: Float32Array | Buffer, filter: string | undefined): Buffer {
    const { layout, column, k, params, level } = this.#target;
    const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
    const value = delimited(1, delimited(1, TAG), integer(2, this.#placeholder), delimited(3, bytes));
    const settings = {
      anns_field: column,
      topk: k,
      offset: 0,
      metric_type: '',
      ignore_growing: false,
      params: JSON.stringify(params),
      // Again by themselves, as the client sends them.
      ...params,
    };
    return this.#calls.encode({
      collection_name: layout.name,
      // BoolExprV1.
      dsl_type: 1,
      dsl: filter ?? '',
      placeholder_group: value,
      nq: 1,
      search_params: Object.entries(settings).map(([key, each]) => ({ key, value: String(each) })),
      consistency_level: LEVELS[level],
      use_default_consistency: false,
    });
  }

  async send(message: Buffer, signal: AbortSignal | undefined): Promise<Hits> {
    const { results } = await this.#calls.send(message, signal);
    const scores = results?.scores ?? [];
    const keys = results?.ids?.int_id?.data ?? results?.ids?.str_id?.data ?? [];
    if (this.#target.layout.ids !== 'u32') return { keys, scores };
    return { keys: Float64Array.from(keys, Number), scores };
  }
}
