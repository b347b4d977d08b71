import type { CollectionSpec } from '../contract/spec.js';
import { pqSegments } from './options.js';

export const METRIC_TYPES = { cosine: 'COSINE', dot: 'IP', l2: 'L2' } as const;

/** An index as the server names it and its settings. */
export interface IndexKind {
  type: string;
  params: Readonly<Record<string, number | boolean>>;
  /** Settings the adapter chose because the suite did not. */
  chosen: Readonly<Record<string, number>>;
}

export function indexKind({ index, dimensions }: Pick<CollectionSpec, 'index' | 'dimensions'>): IndexKind {
  const nlist = Number(index['nlist']);
  switch (`${index['type']} ${index['quantization']}`) {
    case 'flat none':
      return { type: 'FLAT', params: {}, chosen: {} };
    case 'hnsw none': {
      const params = { M: Number(index['m']), efConstruction: Number(index['efConstruction']) };
      return { type: 'HNSW', params, chosen: {} };
    }
    case 'ivf none':
      return { type: 'IVF_FLAT', params: { nlist }, chosen: {} };
    case 'ivf sq8':
      return { type: 'IVF_SQ8', params: { nlist }, chosen: {} };
    case 'ivf pq': {
      const m = pqSegments(index, dimensions);
      return {
        type: 'IVF_PQ',
        params: { nlist, m, nbits: Number(index['bits']) },
        chosen: { pqSegments: m },
      };
    }
    case 'scann pq':
      // The vectors stay beside the codes: without them reorderK would have nothing to reorder by.
      return { type: 'SCANN', params: { nlist, with_raw_data: true }, chosen: {} };
    default:
      throw new Error(`no Milvus index for ${JSON.stringify(index)}`);
  }
}
