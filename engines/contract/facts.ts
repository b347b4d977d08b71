import type { Metric } from '../../datasets/dataset.js';
import type { OptionsInput } from './options.js';
import type { DenseType } from './vectors.js';

/** What an engine is expected to do beyond its capabilities; every line is held by the conformance suite. */
export interface ConformanceFacts {
  /**
   * Settings of each `type quantization`, with what a search needs beside the engine's own declaration of an exhaustive
   * one (`Capabilities.exhaustive`) so that it does not lose what it has found. Empty: it never ranks.
   */
  kinds: Readonly<Record<string, OptionsInput>>;
  /** Points that a search can visit at most, where its settings end below. */
  visits?: number | undefined;
  /**
   * Recall@10 that an exhaustive search of each `type quantization` reaches at least, by metric; NaN: `checkData` refuses
   * it. A metric that the engine lacks is left out.
   */
  floor: Readonly<Record<string, Readonly<Partial<Record<Metric, number>>>>>;
  /** One search that answers all it can find. */
  wide: OptionsInput;
  /** Two settings that answer differently on one build; absent: the engine has no search parameters. */
  narrow?: readonly [OptionsInput['search'], OptionsInput['search']] | undefined;
  /** An index on which they do; that of `wide` if absent. */
  coarse?: OptionsInput['index'] | undefined;
  /** An index and a search of little effort, so that another graph gives other answers; `wide` if absent. */
  rough?: OptionsInput | undefined;
  /** A setting that the engine moves to its limit by itself, and that limit, on the coarse index at k = 10. */
  moved?: readonly [OptionsInput['search'], OptionsInput['search']] | undefined;
  /** Settings whose scores have the declared form; the engine's defaults if absent. */
  scored?: readonly OptionsInput[] | undefined;
  /** What a query of NaN gets, and part of the message where that is an error. */
  nanQuery: 'arbitrary points' | 'no points' | 'an error';
  nanError?: string | undefined;
  /** What a query of zeros gets under cosine. */
  zeroQuery:
    | 'points at distance 1'
    | 'points at similarity 0'
    | 'points with score NaN'
    | 'no points'
    | 'fixed points';
  /** Whether the engine tells the size of an index; the disk of a server's volume is measured elsewhere. */
  tellsSize: boolean;
  /** How each parameter is shown to reach the engine. */
  sweeps: readonly SweepFact[];
  /** Parameters that change nothing without a filter, as `search.postfilter`; no sweep shows them. */
  filterSettings?: readonly string[] | undefined;
  /** Some settings restart the server, which takes it away from every other session. */
  restarts?: boolean | undefined;
  /** What it does with whole points, by mode of its server (`default`, `pglite`, …); absent: it keeps none. */
  points?: Readonly<Record<string, PointFacts>> | undefined;
}

/** A swept parameter, what is held fixed, and what recall does from the first value to the last. */
export interface SweepFact {
  key: string;
  part: keyof OptionsInput;
  /** null: the parameter is left out. */
  values: readonly (string | number | boolean | null)[];
  fixed: OptionsInput;
  recall: 'rises' | 'falls';
  /** Smallest difference of recall@10 between the first and the last value. */
  by: number;
}

export interface PointFacts {
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
  refusedIds?: readonly bigint[] | undefined;
  /** What an older server that is in use lacks of the engine's vectors; it is refused by name. */
  serverLacks?: { version: string; several?: true; sparse?: true; dense?: readonly DenseType[] } | undefined;
  /** A second connection at the same time; text: why there can be none. */
  secondConnection: true | string;
  /** Acknowledged writes are there after the connection was closed and opened again; text: why not. */
  reconnects: true | string;
}
