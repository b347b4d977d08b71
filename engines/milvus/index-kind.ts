import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { VectorField, VectorMetric } from '../contract/vectors.js';
import { pqSegments } from './options.js';

export const METRIC_TYPES: Readonly<Record<VectorMetric, string>> = {
  cosine: 'COSINE',
  dot: 'IP',
  l2: 'L2',
  hamming: 'HAMMING',
  jaccard: 'JACCARD',
};

/** An index as the server names it and its settings. */
export interface IndexKind {
  type: string;
  params: Readonly<Record<string, number | boolean>>;
  /** Settings the adapter chose because the suite did not. */
  chosen: Readonly<Record<string, number>>;
}

/** The index that a suite asks for, of the first vector. Throws FailureError for bits, which have two kinds. */
export function indexKind(index: ParameterSet, field: VectorField): IndexKind {
  const { dimensions } = field;
  const nlist = Number(index['nlist']);
  if (field.kind === 'sparse') return ofOthers(field);
  if (field.type === 'bit') return ofBits(index, nlist);
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

function ofBits(index: ParameterSet, nlist: number): IndexKind {
  const kind = `${index['type']} ${index['quantization']}`;
  if (kind === 'flat none') return { type: 'BIN_FLAT', params: {}, chosen: {} };
  if (kind === 'ivf none') return { type: 'BIN_IVF_FLAT', params: { nlist }, chosen: {} };
  throw new FailureError(`bit vectors have no index of type ${index['type']}`, {
    where: 'milvus',
    next: 'use type: flat or ivf without quantization',
  });
}

/** The index of all vectors but the first, without which the server loads none: exact wherever there is such a one. */
export function ofOthers({ kind, type }: VectorField): IndexKind {
  if (kind === 'sparse') return { type: 'SPARSE_INVERTED_INDEX', params: {}, chosen: {} };
  if (type === 'bit') return { type: 'BIN_FLAT', params: {}, chosen: {} };
  if (type === 'int8') return { type: 'HNSW', params: { M: 16, efConstruction: 128 }, chosen: {} };
  return { type: 'FLAT', params: {}, chosen: {} };
}

/** The suite's word for the type of an index of others. */
export function typeOfIndex(native: string): string {
  if (native.includes('FLAT') && !native.includes('IVF')) return 'flat';
  if (native.includes('IVF')) return 'ivf';
  return native === 'SCANN' ? 'scann' : 'hnsw';
}
