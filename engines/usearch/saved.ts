import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { NumberMetric } from '../../datasets/dataset.js';
import type { PreparedSearch } from '../contract/search.js';
import type { CollectionSpec } from '../contract/spec.js';
import { requireDimensions } from '../kit/load.js';
import { firstVector } from '../kit/vectors.js';
import type { UsearchClient, UsearchConfig, UsearchIndex } from './client.js';

const METRICS = { cosine: 'cos', dot: 'ip', l2: 'l2sq' } as const;
const SCALARS = { none: 'f32', f16: 'f16', bf16: 'bf16', sq8: 'i8', binary: 'b1' } as const;

/** A graph in a file, which any number of processes and threads map into their memory; survives a structured clone. */
export interface SavedGraph {
  spec: CollectionSpec;
  file: string;
  emptyFile: string;
  /** Points. */
  count: number;
}

/** Opens graphs: each setting opens the file with its own ef. */
export class UsearchGraphs {
  readonly #client: UsearchClient;
  readonly #emptyFile: string;
  readonly #config: UsearchConfig;

  constructor(client: UsearchClient, spec: CollectionSpec, emptyFile: string) {
    const { dimensions, metric } = firstVector(spec);
    const { index } = spec;
    const quantization = SCALARS[index['quantization'] as keyof typeof SCALARS];
    this.#client = client;
    this.#emptyFile = emptyFile;
    this.#config = {
      dimensions,
      metric: quantization === 'b1' ? 'hamming' : METRICS[metric as NumberMetric],
      quantization,
      connectivity: Number(index['m']),
      expansion_add: Number(index['efConstruction']),
      expansion_search: 1,
      multi: false,
    };
  }

  /** An empty graph. */
  make(ef = 1): UsearchIndex {
    return new this.#client.Index({ ...this.#config, expansion_search: ef });
  }

  /** Opens the saved graph. Its connectivity comes from the file, so it is compared with what was asked for. */
  view({ file, count }: Pick<SavedGraph, 'file' | 'count'>, ef: number): UsearchIndex {
    const index = this.make(ef);
    index.view(file);
    const found = { size: index.size(), dimensions: index.dimensions(), m: index.connectivity() };
    const wanted = { size: count, dimensions: this.#config.dimensions, m: this.#config.connectivity };
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      throw new FailureError(
        `the saved index is not the one that was built (wanted ${JSON.stringify(wanted)})`,
        { where: `usearch: ${file}`, got: found },
      );
    }
    return index;
  }

  /**
   * The client has no `close`, and its memory would stay until the garbage collector finds the object:
   * opening an empty file in its place frees it at once, so that one setting's memory is not counted with the next.
   */
  release(index: UsearchIndex): void {
    index.view(this.#emptyFile);
  }

  prepare(saved: Pick<SavedGraph, 'file' | 'count'>, search: ParameterSet, k: number): PreparedSearch {
    const asked = Number(search['ef']);
    let index: UsearchIndex | undefined = this.view(saved, asked);
    const { dimensions } = this.#config;
    return {
      effective: { ...search, ef: Math.max(asked, k) },
      query: (vector) => {
        if (index === undefined) throw new FailureError('the search was closed', { where: 'usearch' });
        requireDimensions('usearch', vector, dimensions);
        const { keys, distances } = index.search(vector, k, 1);
        return { keys, scores: distances };
      },
      close: async () => {
        if (index !== undefined) this.release(index);
        index = undefined;
      },
    };
  }
}
