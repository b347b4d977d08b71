import type { Metric } from '../../../datasets/dataset.js';
import type { OptionsInput } from '../../../engines/contract/options.js';
import type { DenseType } from '../../../engines/contract/vectors.js';

/** What each engine does with records beyond its capabilities; every line is held by a test. */
export interface RecordFacts {
  /** An index whose search is exact on few points. */
  index: OptionsInput['index'];
  /** Names of collections with spaces, quotes and umlauts. */
  oddNames: 'kept' | 'refused';
  /** Names of fields with spaces, quotes and umlauts. */
  oddFields: 'kept' | 'refused';
  /** Text with the character U+0000, in ids and metadata. */
  nulCharacter: 'kept' | 'refused';
  /** The empty text as an id. */
  emptyId: 'kept' | 'refused';
  /** Integer ids within the range that are refused all the same. */
  refusedIds?: readonly bigint[];
  /** Metrics under which vectors come back normalised; under all others they are bit-equal. */
  normalised: readonly Metric[];
  /** Metrics under which a vector is kept as direction and length, and comes back with an error in the last bits. */
  rounded?: readonly Metric[];
  /** What the server that is tested lacks of the engine's vectors, which newer ones have; it is refused by name. */
  serverLacks?: { version: string; several?: true; sparse?: true; dense?: readonly DenseType[] };
  /** A second connection at the same time; text: why there can be none. */
  secondConnection: true | string;
  /** Acknowledged writes are there after the connection was closed and opened again; text: why not. */
  reconnects: true | string;
}

const SQL = { oddNames: 'kept', oddFields: 'kept', emptyId: 'kept', normalised: [] } as const;

/** By engine, and `engine mode` for another mode than its first. */
export const RECORD_FACTS: Readonly<Record<string, RecordFacts>> = {
  pgvector: {
    ...SQL,
    index: { type: 'flat' },
    nulCharacter: 'refused',
    secondConnection: true,
    reconnects: true,
  },
  'pgvector pglite': {
    ...SQL,
    index: { type: 'flat' },
    nulCharacter: 'refused',
    secondConnection: 'PGlite has one session',
    reconnects: 'closing it removes its data, which is the build’s own',
  },
  lancedb: {
    ...SQL,
    index: { type: 'flat' },
    oddNames: 'refused',
    nulCharacter: 'kept',
    secondConnection: true,
    reconnects: true,
  },
  'sqlite-vec': {
    ...SQL,
    index: {},
    nulCharacter: 'refused',
    secondConnection: true,
    reconnects: true,
  },
  chroma: {
    index: {},
    oddNames: 'refused',
    oddFields: 'kept',
    nulCharacter: 'kept',
    emptyId: 'kept',
    normalised: [],
    rounded: ['cosine'],
    secondConnection: true,
    reconnects: true,
  },
  milvus: {
    index: { type: 'flat' },
    oddNames: 'refused',
    oddFields: 'kept',
    nulCharacter: 'kept',
    emptyId: 'kept',
    normalised: [],
    refusedIds: [2n ** 63n - 1n],
    serverLacks: { version: '2.3', several: true, sparse: true, dense: ['bf16', 'int8'] },
    secondConnection: true,
    reconnects: true,
  },
  qdrant: {
    index: { type: 'flat' },
    oddNames: 'refused',
    oddFields: 'kept',
    nulCharacter: 'kept',
    emptyId: 'kept',
    normalised: ['cosine'],
    secondConnection: true,
    reconnects: true,
  },
};
